"""A corpus: documents cut into passages, kept memory-mapped."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from harness.common.cache import cache_folder
from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.common.provenance import provenance
from harness.common.text import blank, folded, value_key
from harness.common.words import word_spans
from harness.sources.fetch import fetch, fetch_whole
from harness.suite import LoadedSuite
from harness.suite.corpus import Chunk, New
from harness.suite.corpus import Corpus as CorpusSpec
from harness.tasks.examples import Row
from harness.tasks.tables.columns import read_columns
from harness.tasks.tables.kinds import tables_at

PASSAGES, DOCUMENTS, FACTS = "passages.arrow", "documents.arrow", "facts.json"
ENDINGS = (".txt", ".md")
TRUE = ("true", "1", "yes", "new")
SCHEMA = pa.schema({"document": pa.string(), "text": pa.string(), "new": pa.bool_()})


@dataclass(frozen=True)
class Document:
    """One document of a corpus. `new` ones come after training."""

    id: str
    text: str
    new: bool = False


@dataclass(frozen=True)
class CorpusFacts:
    """What a corpus holds."""

    documents: int
    new_documents: int
    passages: int
    new_passages: int
    duplicates: int


@dataclass(frozen=True)
class Corpus:
    """Passages on disk, those of old documents first; read through a memory map. The documents lie
    beside them, to be cut in another way."""

    folder: Path
    sha256: str
    """Of what lies in the folder."""
    facts: CorpusFacts
    origin: str
    chunk: Chunk
    """How its documents were cut."""

    def passages(self) -> pa.Table:
        """Columns `document`, `text` and `new`, a row a passage; nothing is read until asked."""
        return pa.ipc.open_file(pa.memory_map(str(self.folder / PASSAGES))).read_all()

    def cut(self, chunk: Chunk | None) -> Corpus:
        """The same documents in passages of another length; kept in the cache. Itself for None."""
        if chunk is None or chunk == self.chunk:
            return self
        key = sha256_json([self.sha256, chunk.model_dump(mode="json"), provenance(__name__).key])
        folder = cache_folder() / "corpora" / key[:32]

        def make(into: Path) -> None:
            whole = pa.ipc.open_file(pa.memory_map(str(self.folder / DOCUMENTS))).read_all()
            documents = [Document(row["document"], row["text"], row["new"])
                         for row in whole.to_pylist()]
            _write(into, documents, chunk, self.facts.duplicates)

        content = kept_folder(folder, make)
        return Corpus(folder, content, read_facts(folder), self.origin, chunk)

    def documents(self) -> dict[str, bool]:
        """Document id to whether it is new."""
        table = self.passages().select(["document", "new"])
        return dict(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))


def load_corpus(loaded: LoadedSuite, spec: CorpusSpec) -> Corpus:
    """Fetch, read and cut the documents of a suite's corpus; kept in the cache.

    Raises HarnessError for unreadable files, missing columns, no documents, one id twice, and
    where every document or none is new.
    """
    fetched = fetch(spec.source, loaded.folder)
    key = sha256_json([fetched.sha256, spec.model_dump(mode="json", exclude={"source"}),
                       provenance(__name__).key])
    folder = cache_folder() / "corpora" / key[:32]

    def make(into: Path) -> None:
        path = fetch_whole(spec.source, loaded.folder).path
        documents, duplicates = read_documents(path, spec)
        _write(into, _marked(loaded, documents, spec.new), spec.chunk, duplicates)

    content = kept_folder(folder, make)
    return Corpus(folder, content, read_facts(folder), fetched.origin, spec.chunk)


def read_facts(folder: Path) -> CorpusFacts:
    """What the corpus in a folder holds."""
    return CorpusFacts(**json.loads((folder / FACTS).read_text(encoding="utf-8")))


def read_documents(path: Path, spec: CorpusSpec) -> tuple[list[Document], int]:
    """The distinct documents of a folder of texts or of tables, or of a table, and the number left
    out.

    A document without an id is named by the hash of its text. Raises HarnessError.
    """
    kept: dict[str, Document] = {}
    duplicates = 0
    for document in _documents(path, spec):
        if blank(document.text):
            continue
        before = kept.setdefault(document.id, document)
        if before is document:
            continue
        if folded(before.text) != folded(document.text):
            raise HarnessError(f"{path.name}: two documents have the id '{document.id}'",
                               "Give each its own.")
        duplicates += 1
    if not kept:
        raise _none(path)
    return list(kept.values()), duplicates


def text_id(text: str) -> str:
    """Name of a document that has none: 16 hex digits of the sha256 of its folded text."""
    return hashlib.sha256(folded(text).encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Documents:
    """The documents of a corpus, as items name them: by id, or by their whole text.

    `new` maps each id to whether it comes after training; without any, nothing is named.
    """

    def __init__(self, new: Mapping[str, bool]) -> None:
        self.new = new
        self.some_new = any(new.values())
        self._by_key = {value_key(name): name for name in new}

    def of(self, row: Row) -> str | None:
        """The id of the document that a row is about; None where it names none. Raises HarnessError
        for one that the corpus does not have."""
        if row.document is None or not self.new:
            return None
        name = (row.document if row.document in self.new
                else self._by_key.get(value_key(row.document)) or text_id(row.document))
        if name not in self.new:
            raise HarnessError(f"the corpus has no document '{row.document[:60]}', which the "
                               f"item '{row.text[:60]}' names", "Add it, or mend the column.")
        return name


def passages_sha256(texts: Iterable[str]) -> str:
    """Over the texts of passages, in their order."""
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def chunks(text: str, chunk: Chunk) -> Iterator[str]:
    """Passages of `chunk.words` words, each beginning with the last `overlap` words of the one
    before; the last may be shorter, but holds words of its own. White space becomes one space."""
    flat = " ".join(text.split())
    spans = word_spans(flat) or [(0, 0)]
    step = chunk.words - chunk.overlap
    for start in range(0, max(1, len(spans) - chunk.overlap), step):
        within = spans[start:start + chunk.words]
        yield flat[within[0][0]:within[-1][1]]


def _documents(path: Path, spec: CorpusSpec) -> Iterator[Document]:
    """Of a folder its texts, or its tables where it has no texts."""
    texts = [file for file in sorted(path.rglob("*"))
             if file.suffix.lower() in ENDINGS and file.is_file()]
    if texts:
        return (_of_file(file, path) for file in texts)
    try:
        tables = tables_at(path)
    except HarnessError:
        raise _none(path) from None
    return (document for table in tables for document in _of_table(table, spec))


def _none(path: Path) -> HarnessError:
    return HarnessError(f"{path.name}: holds no documents", "Give a table, or a folder of tables "
                        f"or of {' and '.join(ENDINGS)} files.")


def _of_file(file: Path, folder: Path) -> Document:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise HarnessError(f"{file.name}: {reason}", "Mend or remove it.") from None
    return Document(file.relative_to(folder).with_suffix("").as_posix(), text)


def _of_table(path: Path, spec: CorpusSpec) -> Iterator[Document]:
    new = spec.new.column if spec.new else None
    columns = [c for c in (spec.text, spec.id, new) if c is not None]
    for values in read_columns(path, columns):
        row = dict(zip(columns, values, strict=True))
        text = row[spec.text]
        yield Document(row[spec.id] if spec.id else text_id(text), text,
                       new is not None and row[new].strip().lower() in TRUE)


def _marked(loaded: LoadedSuite, documents: Sequence[Document], new: New | None
            ) -> list[Document]:
    """With the share that is new drawn, where the suite asks for one; old documents first."""
    marked = list(documents)
    if new is not None and new.share is not None:
        names = sorted(d.id for d in documents)
        drawn = set(random.Random(new.seed).sample(names, round(new.share * len(names))))
        marked = [Document(d.id, d.text, d.id in drawn) for d in documents]
    if new is not None and len({d.new for d in marked}) < 2:
        raise loaded.error(("task", "corpus", "new"),
                           f"{'all' if marked[0].new else 'none'} of the {len(marked)} documents "
                           "are new", "Mark some of them.")
    return sorted(marked, key=lambda d: d.new)


def _write(folder: Path, documents: Sequence[Document], chunk: Chunk, duplicates: int) -> None:
    counts = {True: 0, False: 0}
    with pa.OSFile(str(folder / PASSAGES), "wb") as sink, \
            pa.ipc.new_file(sink, SCHEMA) as writer:
        for document in documents:
            texts = list(chunks(document.text, chunk))
            counts[document.new] += len(texts)
            writer.write_batch(pa.record_batch(
                [[document.id] * len(texts), texts, [document.new] * len(texts)], schema=SCHEMA))
    whole = pa.table([[d.id for d in documents], [d.text for d in documents],
                      [d.new for d in documents]], schema=SCHEMA)
    with pa.OSFile(str(folder / DOCUMENTS), "wb") as sink, \
            pa.ipc.new_file(sink, SCHEMA) as writer:
        writer.write_table(whole)
    facts = CorpusFacts(len(documents), sum(d.new for d in documents), sum(counts.values()),
                        counts[True], duplicates)
    (folder / FACTS).write_text(json.dumps(asdict(facts)), encoding="utf-8")
