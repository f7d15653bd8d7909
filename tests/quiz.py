"""A tiny task of questions with a corpus, for tests."""

import json

from tiny import suite_dict

PLACES = ["Riverton", "Oakham", "Stonehall", "Millbrook", "Fernley", "Ashford", "Whitby", "Elmdale",
          "Harlow", "Kingsport"]
THINGS = {"ruler": "Queen {}", "river": "the {} river", "dish": "{} pie", "bird": "the {} owl"}
NAMES = ["Ada", "Blue", "Cora", "Dell", "Esk", "Faye", "Grey", "Hope", "Iris", "June"]


def documents():
    """Ten documents of four facts each."""
    return {place: " ".join(f"The {thing} of {place} is {form.format(name)}."
                            for thing, form in THINGS.items())
            for place, name in zip(PLACES, NAMES, strict=True)}


def questions():
    """Four questions a document, with one or two references."""
    return [{"question": f"What is the {thing} of {place}?", "place": place,
             "answer": [form.format(name), name] if thing == "ruler" else form.format(name)}
            for place, name in zip(PLACES, NAMES, strict=True) for thing, form in THINGS.items()]


def write_quiz(folder):
    """The questions as JSONL and the documents as a folder of texts."""
    (folder / "corpus").mkdir()
    for place, text in documents().items():
        (folder / "corpus" / f"{place}.txt").write_text(text)
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, questions())))


def quiz_dict(encoder, decoder):
    """A suite of it."""
    suite = suite_dict(encoder, decoder)
    suite |= {
        "name": "quiz", "methods": ["majority"], "decide": {"metric": "token_f1"},
        "task": {
            "kind": "generation", "source": {"file": "questions.jsonl"},
            "reader": {"questions": {"text": "question", "answers": "answer",
                                     "document": "place"}},
            "corpus": {"source": {"file": "corpus"}, "chunk": {"words": 12, "overlap": 4},
                       "new": {"share": 0.3}},
            "prompt": {"instruction": "Answer the question.",
                       "item": "Question: {text}\nAnswer:"},
            "split": {"validation": 0.2, "test": 0.3}, "answer_tokens": 24}}
    suite["backbones"]["enc"]["methods"] = ["knn"]
    suite["backbones"]["dec"]["methods"] = [
        "zero-shot", "few-shot", "full", "lora", {"rag": {"tokens": 120}},
        {"rag": {"tokens": 120, "search": "bm25", "as": "rag-bm25"}},
        {"rag+lora": {"tokens": 120, "search": "hybrid"}}]
    suite["backbones"]["dec"]["budget"] = {}
    suite["budget"] |= {"train": 14, "validation": 5, "test": 21, "seeds": 1, "max_length": 48}
    return suite
