"""Queries of the stand-in, as functions of a document's source or of an object in it."""
from index import Failed, unsupported, values


class Scope:
    """What queries and aggregations see: documents, or the objects of a nested field of them, whose fields begin with its name."""

    def __init__(self, index, path=""):
        self.index, self.path = index, path
        self.properties = index.properties[path]["properties"] if path else index.properties

    def nested(self, path):
        if self.path or self.index.properties.get(path, {}).get("type") != "nested":
            raise Failed(400, "query_shard_exception", f"[{path}] is no nested field here")
        return Scope(self.index, path)

    def field(self, name, for_sorting=False):
        """The name in the source."""
        # The engine finds nothing where a field is asked for outside of its nested object, or inside of another.
        if self.path and not name.startswith(self.path + "."):
            raise unsupported(f"{name} inside of {self.path}")
        name = name[len(self.path) + 1:] if self.path else name
        if self.properties.get(name, {}).get("type", "nested") == "nested":
            raise Failed(400, "query_shard_exception", f"No mapping found for [{name}]")
        if for_sorting and not self.properties[name].get("doc_values", True):
            raise Failed(400, "illegal_argument_exception", f"no doc values: {name}")
        return name

    def predicate(self, query):
        if len(query) != 1:
            raise Failed(400, "parsing_exception", "a query has one kind")
        (kind, given), = query.items()
        if kind == "bool":
            return self.bool(given)
        if kind == "nested":
            return self.any_nested(given)
        if kind == "match_all" and not given:
            return lambda source: True
        if kind == "exists":
            field = self.field(given["field"])
            return lambda source: bool(values(source, field))
        if kind not in ("term", "terms", "prefix", "range") or len(given) != 1:
            raise unsupported(kind)
        (name, condition), = given.items()
        field = self.field(name)
        if kind == "term":
            return lambda source: condition["value"] in values(source, field)
        if kind == "terms":
            if not isinstance(condition, list) or len(condition) > 65536:
                raise unsupported("terms that are no list")
            wanted = set(condition)
            return lambda source: any(value in wanted for value in values(source, field))
        if kind == "prefix":
            return lambda source: any(value.startswith(condition["value"]) for value in values(source, field))
        return self.range(field, condition)

    @staticmethod
    def range(field, condition):
        if set(condition) - {"gte", "lte"}:
            raise unsupported("this range")
        # As bytes of UTF-8, as Lucene compares terms; numbers as numbers.
        key = lambda value: value.encode() if isinstance(value, str) else value  # noqa: E731
        low, high = condition.get("gte"), condition.get("lte")
        return lambda source: any((low is None or key(value) >= key(low)) and (high is None or key(value) <= key(high))
                                  for value in values(source, field))

    def bool(self, given):
        if set(given) - {"filter", "should", "must_not", "minimum_should_match"} or given.get("minimum_should_match", 1) != 1:
            raise unsupported("this bool")
        filters, should, must_not = ([self.predicate(one) for one in given.get(name, [])] for name in ("filter", "should", "must_not"))
        return lambda source: (all(one(source) for one in filters) and not any(one(source) for one in must_not)
                               and (not should or any(one(source) for one in should)))

    def any_nested(self, given):
        if set(given) != {"path", "query"}:
            raise unsupported("this nested query")
        inner = self.nested(given["path"]).predicate(given["query"])
        return lambda source: any(inner(one) for one in values(source, given["path"]))
