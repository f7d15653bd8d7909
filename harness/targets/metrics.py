"""Every metric there is."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from types import ModuleType

from harness.targets.metric import Metric, Statistic


def _by_class() -> ModuleType:
    from harness.targets import by_class

    return by_class


def _regression() -> ModuleType:
    from harness.targets import regression

    return regression


def _spans() -> ModuleType:
    from harness.targets import spans

    return spans


def _generation() -> ModuleType:
    from harness.targets import generation

    return generation


ACCURACY = Metric("accuracy", "accuracy", Statistic.SHARE, lambda: _by_class().ALL_RIGHT)
SUBSET_ACCURACY = replace(ACCURACY, name="subset_accuracy", says="subset accuracy")
MACRO_F1 = Metric("macro_f1", "macro F1", Statistic.COUNTS, lambda: _by_class().MACRO_F1,
                  by_class=True)
MICRO_F1 = Metric("micro_f1", "micro F1", Statistic.COUNTS, lambda: _by_class().MICRO_F1)
MICRO_F1_OF_ONE = replace(MICRO_F1, statistic=Statistic.SHARE)
"""Where every item has one class and is answered one, it is the share that is right."""
ROC_AUC = Metric("roc_auc", "ROC AUC", Statistic.AREA, lambda: _by_class().ROC_AUC, by_class=True,
                 graded=True)
RANKING_PRECISION = Metric("ranking_precision", "ranking precision", Statistic.SCORES,
                           lambda: _by_class().RANKING_PRECISION, graded=True)
HAMMING_LOSS = Metric("hamming_loss", "Hamming loss", Statistic.SCORES,
                      lambda: _by_class().HAMMING_LOSS, better="lower", decides=False)
LOG_LOSS = Metric("log_loss", "log loss", Statistic.LOSS, lambda: _by_class().LOG_LOSS,
                  better="lower", unit="nats", bounds=(0.0, inf), decides=False, graded=True)
CALIBRATION_ERROR = Metric("calibration_error", "calibration error", Statistic.CALIBRATION,
                           lambda: _by_class().CALIBRATION_ERROR, better="lower", decides=False,
                           graded=True)

R2 = Metric("r2", "R²", Statistic.NUMBERS, lambda: _regression().R2, bounds=(-inf, 1.0))
SPEARMAN = Metric("spearman", "Spearman's ρ", Statistic.NUMBERS, lambda: _regression().SPEARMAN,
                  bounds=(-1.0, 1.0))
RMSE = Metric("rmse", "RMSE", Statistic.NUMBERS, lambda: _regression().RMSE, better="lower",
              unit="units", bounds=(0.0, inf))
MAE = Metric("mae", "mean absolute error", Statistic.NUMBERS, lambda: _regression().MAE,
             better="lower", unit="units", bounds=(0.0, inf))

SPAN_F1 = replace(MICRO_F1, formula=lambda: _spans().MICRO_F1)
SPAN_MACRO_F1 = replace(MACRO_F1, formula=lambda: _spans().MACRO_F1)
PRECISION = Metric("precision", "precision", Statistic.COUNTS, lambda: _spans().PRECISION,
                   decides=False)
RECALL = Metric("recall", "recall", Statistic.COUNTS, lambda: _spans().RECALL, decides=False)
ALL_SPANS = Metric("all_spans", "texts all right", Statistic.SHARE, lambda: _spans().ALL_RIGHT)

EXACT_MATCH = Metric("exact_match", "exact match", Statistic.SHARE,
                     lambda: _generation().EXACT_MATCH)
TOKEN_F1 = Metric("token_f1", "token F1", Statistic.SCORES, lambda: _generation().TOKEN_F1)
ROUGE_1 = Metric("rouge_1", "ROUGE-1", Statistic.SCORES, lambda: _generation().ROUGE_1)
ROUGE_2 = Metric("rouge_2", "ROUGE-2", Statistic.SCORES, lambda: _generation().ROUGE_2)
ROUGE_L = Metric("rouge_l", "ROUGE-L", Statistic.SCORES, lambda: _generation().ROUGE_L)
CHRF = Metric("chrf", "chrF", Statistic.SCORES, lambda: _generation().CHRF)
ANSWER_RECALL = Metric("answer_recall", "answer recall", Statistic.SCORES,
                       lambda: _generation().ANSWER_RECALL)
COPIED = Metric("copied", "copied word pairs", Statistic.SCORES, lambda: _generation().COPIED,
                better="neither", decides=False)
WORDS = Metric("words", "words an answer", Statistic.SCORES, lambda: _generation().WORDS,
               better="neither", unit="words", bounds=(0.0, inf), decides=False)

# Of questions that the documents do not answer, and of those that they do.
REFUSED = Metric("refused", "unanswerable ones refused", Statistic.COUNTS,
                 lambda: _generation().REFUSED, decides=False, always=False)
WRONGLY_REFUSED = Metric("wrongly_refused", "answerable ones refused", Statistic.COUNTS,
                         lambda: _generation().WRONGLY_REFUSED, better="lower", decides=False,
                         always=False)
ANSWERABLE_F1 = Metric("answerable_f1", "F1 of answerable", Statistic.COUNTS,
                       lambda: _generation().ANSWERABLE_F1, decides=False, always=False)
EXACT_MATCH_ANSWERABLE = Metric(
    "exact_match_answerable", "exact match of answerable ones", Statistic.COUNTS,
    lambda: _generation().EXACT_MATCH_ANSWERABLE, decides=False, always=False)

# Of answers that are to name the passage that they are from.
CITED = Metric("cited", "answers that cite", Statistic.COUNTS,
               lambda: _generation().OF_CITED, decides=False, always=False)
CITED_HELD = Metric("cited_held", "cited passages that hold the answer", Statistic.COUNTS,
                    lambda: _generation().OF_CITED_HELD, decides=False, always=False)
CITED_GOLD = Metric("cited_gold", "cited passages of the right document", Statistic.COUNTS,
                    lambda: _generation().OF_CITED_GOLD, decides=False, always=False)

SELECTION_RATE = Metric("selection_rate", "selection rate", Statistic.COUNTS,
                        lambda: _by_class().SELECTION_RATE, better="neither", decides=False)
FALSE_POSITIVE_RATE = Metric("false_positive_rate", "false positive rate", Statistic.COUNTS,
                             lambda: _by_class().FALSE_POSITIVE_RATE, better="lower", decides=False,
                             among=0)
FALSE_NEGATIVE_RATE = Metric("false_negative_rate", "false negative rate", Statistic.COUNTS,
                             lambda: _by_class().FALSE_NEGATIVE_RATE, better="lower", decides=False,
                             among=1)
