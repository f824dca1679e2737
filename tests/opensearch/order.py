"""The order of the stand-in's hits, and what comes behind one of them."""
import functools

from index import Failed, unsupported, values

# What is missing is last: of numbers it has a sort value that is.
LAST_NUMBER = {"asc": 2**63 - 1, "desc": -2**63}


class Order:
    """`sort` of a search. `places` are those of documents in the engine's own order, by the id() of their sources."""

    def __init__(self, scope, sort, places):
        self.places = places
        self.keys = [self.key(scope, name, how) for one in sort for name, how in one.items()]

    def key(self, scope, name, how):
        """(sort value of a source, whether it descends)"""
        if name == "_doc" and how == {"order": "asc"}:
            return (lambda source: self.places[id(source)]), False
        if how.get("missing") != "_last":
            raise unsupported("missing values anywhere but last")
        choose = {"asc": min, "desc": max}[how["order"]]
        path = how.get("nested", {}).get("path")
        inner = scope.nested(path) if path else scope
        matches = inner.predicate(how["nested"]["filter"]) if path else None
        if path and how.get("mode") != choose.__name__:
            raise unsupported("this mode")
        field = inner.field(name, for_sorting=True)
        last = LAST_NUMBER[how["order"]] if inner.properties[field]["type"] == "long" else None

        def value(source):
            objects = [one for one in values(source, path) if matches(one)] if path else [source]
            there = [one for found in objects for one in values(found, field)]
            return choose(there, key=as_compared) if there else last
        return value, how["order"] == "desc"

    def sort_values(self, source):
        return [value(source) for value, _ in self.keys]

    def compare(self, one, other):
        """Of two lists of sort values, below zero where the first one comes first."""
        for a, b, (_, is_descending) in zip(one, other, self.keys):
            if a == b:
                continue
            if a is None or b is None:
                return 1 if a is None else -1
            return (1 if as_compared(a) > as_compared(b) else -1) * (-1 if is_descending else 1)
        return 0

    def sorted(self, found):
        key = functools.cmp_to_key(self.compare)
        return sorted(found, key=lambda source: key(self.sort_values(source)))

    def behind(self, found, after):
        if len(after) != len(self.keys):
            raise Failed(400, "illegal_argument_exception", "search_after has another number of values than sort")
        return [source for source in found if self.compare(self.sort_values(source), after) > 0]


def as_compared(value):
    """As bytes of UTF-8, as Lucene compares terms; numbers as numbers."""
    return value.encode() if isinstance(value, str) else value
