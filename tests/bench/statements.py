"""What a service sends to the database, read from the server's general log: statements with their values."""
import json
import re

HEAD = re.compile(rb"^(?:\d{6} +\d+:\d\d:\d\d)?\t+ *(\d+) (Connect|Query|Prepare|Execute|Close stmt|Quit|Init DB|"
                  rb"Reset stmt|Ping|Field List|Long Data|Fetch|Statistics|Change user)\t?(.*)$", re.S)
VALUE = rb"(NULL|-?\d+|'(?:[^'\\]|\\.|'')*')"
ESCAPES = {b"0": b"\0", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"Z": b"\x1a"}


def entries(path: str):
    """(connection, command, text) in the order of the log; a statement of several lines is one entry."""
    current = None
    with open(path, "rb") as log:
        for line in log.read().split(b"\n"):
            head = HEAD.match(line)
            if head:
                if current:
                    yield current
                current = (int(head[1]), head[2].decode(), head[3])
            elif current:
                current = (current[0], current[1], current[2] + b"\n" + line)
    if current:
        yield current


def value_of(literal: bytes):
    if literal == b"NULL":
        return None
    if not literal.startswith(b"'"):
        return int(literal)
    text = re.sub(rb"\\(.)|''", lambda m: b"'" if m[1] is None else ESCAPES.get(m[1], m[1]), literal[1:-1], flags=re.S)
    return text.hex()


class Templates:
    """The prepared texts of one connection, to tell which one an execution is of."""

    def __init__(self):
        self.known = []

    def add(self, text: bytes):
        if any(t == text for t, _, _ in self.known):
            return
        pattern = VALUE.join(re.escape(part) for part in text.split(b"?"))
        self.known.append((text, text.split(b"?")[0], re.compile(pattern, re.S)))
        self.known.sort(key=lambda k: -len(k[1]))

    def match(self, text: bytes):
        for template, prefix, pattern in self.known:
            if text.startswith(prefix):
                found = pattern.fullmatch(text)
                if found:
                    return template, [value_of(v) for v in found.groups()]
        return None


class Recording:
    """Statements of the units that are kept, as bench_driver replay reads them."""

    def __init__(self):
        self.index = {}
        self.statements = []
        self.units = []

    def step(self, text: bytes, values, prepared: bool):
        key = (text, prepared)
        if key not in self.index:
            self.index[key] = len(self.statements)
            query = bool(re.match(rb"\s*(SELECT|WITH|SHOW)", text, re.I))
            self.statements.append({"sql": text.hex(), "query": query, "prepared": prepared})
        return [self.index[key], values]

    def write(self, path: str, units=None):
        units = self.units if units is None else units
        used = sorted({step[0] for unit in units for step in unit})
        place = {old: new for new, old in enumerate(used)}
        with open(path, "w", encoding="ascii") as out:
            json.dump({"statements": [self.statements[i] for i in used],
                       "units": [[[place[s], v] for s, v in unit] for unit in units]}, out)


def transactions(path: str, marker: bytes) -> Recording:
    """Committed transactions in which a statement contains `marker`."""
    recording = Recording()
    templates, open_units = {}, {}
    for connection, command, text in entries(path):
        if command == "Prepare":
            templates.setdefault(connection, Templates()).add(text)
            continue
        if command not in ("Query", "Execute"):
            continue
        if command == "Query" and text == b"START TRANSACTION":
            open_units[connection] = [(text, [], False)]
            continue
        unit = open_units.get(connection)
        if unit is None:
            continue
        if command == "Execute":
            known = templates.get(connection, Templates()).match(text)
            # Prepared before the log began, or a value of another kind: the text as it is.
            unit.append((known[0], known[1], True) if known else (text, [], False))
        else:
            unit.append((text, [], False))
        if text in (b"COMMIT", b"ROLLBACK"):
            del open_units[connection]
            if text == b"COMMIT" and any(marker in s[0] for s in unit):
                recording.units.append([recording.step(*s) for s in unit])
    return recording


def reads(path: str, marker: bytes) -> tuple["Recording", "Recording"]:
    """Queries outside transactions: those that contain `marker` alone, and each with what its call asks beside it."""
    single, whole = Recording(), Recording()
    templates, in_transaction, calls = {}, set(), {}
    for connection, command, text in entries(path):
        if command == "Prepare":
            templates.setdefault(connection, Templates()).add(text)
        elif command == "Query" and text == b"START TRANSACTION":
            in_transaction.add(connection)
        elif command == "Query" and text in (b"COMMIT", b"ROLLBACK"):
            in_transaction.discard(connection)
        elif command == "Execute" and connection not in in_transaction:
            known = templates.get(connection, Templates()).match(text)
            if known is None:
                continue
            if marker in text:
                calls[connection] = [whole.step(known[0], known[1], True)]
                whole.units.append(calls[connection])
                single.units.append([single.step(known[0], known[1], True)])
            elif connection in calls:
                calls[connection].append(whole.step(known[0], known[1], True))
    return single, whole
