"""What `_search` of the stand-in does with documents: queries, orders, pages and aggregations, as far as our driver asks for them."""
import collections

from index import Failed, unsupported, values

WINDOW_MAX = 10_000


class Search:
    def __init__(self, index, documents, body):
        self.index, self.documents, self.body = index, documents, body
        self.places = {id(source): place for place, (_, source) in enumerate(documents.values())}

    def field(self, name, for_sorting=False):
        if name not in self.index.properties:
            raise Failed(400, "query_shard_exception", f"No mapping found for [{name}]")
        if for_sorting and not self.index.properties[name].get("doc_values", True):
            raise Failed(400, "illegal_argument_exception", f"no doc values: {name}")
        return name

    def predicate(self, query):
        if len(query) != 1:
            raise Failed(400, "parsing_exception", "a query has one kind")
        (kind, given), = query.items()
        if kind == "bool":
            return self.bool(given)
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
        if set(given) - {"filter", "should", "minimum_should_match"} or given.get("minimum_should_match", 1) != 1:
            raise unsupported("this bool")
        filters = [self.predicate(one) for one in given.get("filter", [])]
        should = [self.predicate(one) for one in given.get("should", [])]
        return lambda source: all(one(source) for one in filters) and (not should or any(one(source) for one in should))

    def sorted(self, found):
        for one in reversed(self.body.get("sort", [])):
            (name, how), = one.items()
            if name == "_doc" and how == {"order": "asc"}:
                found = sorted(found, key=lambda source: self.places[id(source)])
                continue
            self.field(name, for_sorting=True)
            if how.get("missing") != "_last":
                raise unsupported("missing values anywhere but last")
            key = lambda source: [v.encode() if isinstance(v, str) else v for v in values(source, name)][:1]  # noqa: E731, B023
            there = sorted((s for s in found if key(s)), key=key, reverse=how["order"] == "desc")
            found = there + [s for s in found if not key(s)]
        return found

    def sort_values(self, source):
        return [self.places[id(source)] if name == "_doc" else (values(source, name) or [None])[0]
                for one in self.body["sort"] for name in one]

    def behind(self, found, after):
        """Those that come after these sort values; what is missing comes last."""
        if any(how["order"] != "asc" for one in self.body["sort"] for how in one.values()) or self.body.get("from"):
            raise unsupported("this search_after")
        if len(after) != len(self.body["sort"]):
            raise Failed(400, "illegal_argument_exception", "search_after has another number of values than sort")
        key = lambda given: [(v is None, v.encode() if isinstance(v, str) else v or 0) for v in given]  # noqa: E731
        return [source for source in found if key(self.sort_values(source)) > key(after)]

    def composite(self, how, found):
        (named,) = how["sources"]
        (name, source_of), = named.items()
        if set(source_of) != {"terms"} or set(source_of["terms"]) != {"field"}:
            raise unsupported("this source of composite")
        field = self.field(source_of["terms"]["field"], for_sorting=True)
        counts = collections.Counter(value for source in found for value in set(values(source, field)))
        after = how.get("after", {name: ""})[name].encode()
        keys = sorted((key for key in counts if key.encode() > after), key=str.encode)[:how.get("size", 10)]
        answer = {"buckets": [{"key": {name: key}, "doc_count": counts[key]} for key in keys]}
        return {**answer, "after_key": {name: keys[-1]}} if keys else answer

    def aggregate(self, aggregations, found):
        answer = {}
        for name, given in aggregations.items():
            inner = given.get("aggs", {})
            (kind, how), = ((k, v) for k, v in given.items() if k != "aggs")
            if kind == "composite" and not inner:
                answer[name] = self.composite(how, found)
                continue
            field = self.field(how["field"], for_sorting=True)
            if kind == "cardinality":
                answer[name] = {"value": len({value for source in found for value in values(source, field)})}
            elif kind == "sum":
                answer[name] = {"value": float(sum(value for source in found for value in values(source, field)))}
            elif kind == "terms":
                answer[name] = self.terms(how, field, inner, found)
            else:
                raise unsupported(kind)
        return answer

    def terms(self, how, field, inner, found):
        if how.get("size", 10) < 1:
            raise Failed(400, "illegal_argument_exception", "[size] must be greater than 0")
        buckets = collections.defaultdict(list)
        for source in found:
            for value in set(values(source, field)):
                buckets[value].append(source)
        made = [{"key": key, "doc_count": len(sources), **self.aggregate(inner, sources)} for key, sources in buckets.items()]
        made.sort(key=lambda bucket: str(bucket["key"]).encode())
        for order in reversed(how.get("order", [{"_count": "desc"}])):
            (by, direction), = order.items()
            if by not in ("_key", "_count", *inner):
                raise Failed(500, "aggregation_execution_exception", f"Invalid aggregation order path [{by}]")
            key = {"_key": lambda b: str(b["key"]).encode(), "_count": lambda b: b["doc_count"]}.get(by, lambda b, by=by: b[by]["value"])
            made.sort(key=key, reverse=direction == "desc")
        return {"buckets": made[:how.get("size", 10)], "sum_other_doc_count": 0, "doc_count_error_upper_bound": 0}

    def run(self):
        body = self.body
        start, size = body.get("from", 0), body.get("size", 10)
        if start + size > WINDOW_MAX:
            raise Failed(400, "illegal_argument_exception", "Result window is too large")
        matches = self.predicate(body["query"])
        ids = {id(source): (key, version) for key, (version, source) in self.documents.items()}
        found = [source for _, source in self.documents.values() if matches(source)]
        hits = self.sorted(found)
        if "search_after" in body:
            hits = self.behind(hits, body["search_after"])
        if "collapse" in body:
            field, seen, first = self.field(body["collapse"]["field"], for_sorting=True), set(), []
            for source in hits:
                key = tuple(values(source, field))
                if key not in seen:
                    seen.add(key)
                    first.append(source)
            hits = first
        includes = body.get("_source", {}).get("includes")
        page = [{"_index": self.index.name, "_id": ids[id(source)][0], "_score": None,
                 **({"_version": ids[id(source)][1]} if body.get("version") else {}),
                 "_source": {k: v for k, v in source.items() if includes is None or k in includes},
                 **({"sort": self.sort_values(source)} if "sort" in body else {})} for source in hits[start:start + size]]
        answer = {"took": 1, "timed_out": False, "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
                  "hits": {"max_score": None, "hits": page}}
        counted = body.get("track_total_hits", 10_000)
        if counted is not False:
            more = counted is not True and len(found) > counted
            answer["hits"]["total"] = {"value": counted if more else len(found), "relation": "gte" if more else "eq"}
        if "aggs" in body:
            answer["aggregations"] = self.aggregate(body["aggs"], found)
        return answer
