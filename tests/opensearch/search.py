"""What `_search` of the stand-in does with the documents of an index: hits, pages and aggregations, as far as our driver asks for them."""
import collections

from index import Failed, unsupported, values
from order import Order
from query import Scope

WINDOW_MAX = 10_000


class Search:
    def __init__(self, index, documents, body):
        self.index, self.documents, self.body = index, documents, body
        self.scope = Scope(index)
        self.order = Order(self.scope, body.get("sort", []), {id(source): place for place, (_, source) in enumerate(documents.values())})

    def composite(self, how, found):
        (named,) = how["sources"]
        (name, source_of), = named.items()
        if set(source_of) != {"terms"} or set(source_of["terms"]) != {"field"}:
            raise unsupported("this source of composite")
        field = self.scope.field(source_of["terms"]["field"], for_sorting=True)
        counts = collections.Counter(value for source in found for value in set(values(source, field)))
        after = how.get("after", {name: ""})[name].encode()
        keys = sorted((key for key in counts if key.encode() > after), key=str.encode)[:how.get("size", 10)]
        answer = {"buckets": [{"key": {name: key}, "doc_count": counts[key]} for key in keys]}
        return {**answer, "after_key": {name: keys[-1]}} if keys else answer

    def aggregate(self, aggregations, found, scope):
        answer = {}
        for name, given in aggregations.items():
            inner = given.get("aggs", {})
            (kind, how), = ((k, v) for k, v in given.items() if k != "aggs")
            if kind == "composite" and not inner and not scope.path:
                answer[name] = self.composite(how, found)
            elif kind == "nested":
                objects = [one for source in found for one in values(source, how["path"])]
                answer[name] = {"doc_count": len(objects), **self.aggregate(inner, objects, scope.nested(how["path"]))}
            elif kind == "filter":
                matches = scope.predicate(how)
                matching = [source for source in found if matches(source)]
                answer[name] = {"doc_count": len(matching), **self.aggregate(inner, matching, scope)}
            else:
                field = scope.field(how["field"], for_sorting=True)
                answer[name] = self.of_values(kind, how, [(values(source, field), source) for source in found], inner, scope)
        return answer

    def of_values(self, kind, how, found, inner, scope):
        if kind == "cardinality":
            return {"value": len({value for there, _ in found for value in there})}
        if kind == "sum":
            return {"value": float(sum(value for there, _ in found for value in there))}
        if kind == "terms":
            return self.terms(how, found, inner, scope)
        raise unsupported(kind)

    def terms(self, how, found, inner, scope):
        if how.get("size", 10) < 1:
            raise Failed(400, "illegal_argument_exception", "[size] must be greater than 0")
        buckets = collections.defaultdict(list)
        for there, source in found:
            for value in set(there):
                buckets[value].append(source)
        made = [{"key": key, "doc_count": len(sources), **self.aggregate(inner, sources, scope)} for key, sources in buckets.items()]
        made.sort(key=lambda bucket: str(bucket["key"]).encode())
        for order in reversed(how.get("order", [{"_count": "desc"}])):
            (by, direction), = order.items()
            made.sort(key=lambda bucket, by=by: self.order_of_bucket(bucket, by), reverse=direction == "desc")
        return {"buckets": made[:how.get("size", 10)], "sum_other_doc_count": 0, "doc_count_error_upper_bound": 0}

    @staticmethod
    def order_of_bucket(bucket, by):
        """`_key`, `_count`, or a path `name>name` to an aggregation inside, of one value or of one bucket."""
        if by == "_key":
            return str(bucket["key"]).encode()
        if by == "_count":
            return bucket["doc_count"]
        for name in by.split(">"):
            if not isinstance(bucket.get(name), dict):
                raise Failed(500, "aggregation_execution_exception", f"Invalid aggregation order path [{by}]")
            bucket = bucket[name]
        if not {"value", "doc_count"} & set(bucket):
            raise Failed(500, "aggregation_execution_exception", f"Invalid aggregation order path [{by}]")
        return bucket["value"] if "value" in bucket else bucket["doc_count"]

    def run(self):
        body = self.body
        start, size = body.get("from", 0), body.get("size", 10)
        if start + size > WINDOW_MAX:
            raise Failed(400, "illegal_argument_exception", "Result window is too large")
        matches = self.scope.predicate(body["query"])
        ids = {id(source): (key, version) for key, (version, source) in self.documents.items()}
        found = [source for _, source in self.documents.values() if matches(source)]
        hits = self.order.sorted(found)
        if "search_after" in body:
            if start:
                raise Failed(400, "action_request_validation_exception", "`from` parameter must be set to 0 when `search_after` is used")
            hits = self.order.behind(hits, body["search_after"])
        if "collapse" in body:
            field, seen, first = self.scope.field(body["collapse"]["field"], for_sorting=True), set(), []
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
                 **({"sort": self.order.sort_values(source)} if "sort" in body else {})} for source in hits[start:start + size]]
        answer = {"took": 1, "timed_out": False, "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
                  "hits": {"max_score": None, "hits": page}}
        counted = body.get("track_total_hits", 10_000)
        if counted is not False:
            more = counted is not True and len(found) > counted
            answer["hits"]["total"] = {"value": counted if more else len(found), "relation": "gte" if more else "eq"}
        if "aggs" in body:
            answer["aggregations"] = self.aggregate(body["aggs"], found, self.scope)
        return answer
