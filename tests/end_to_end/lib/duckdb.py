"""DuckDB by its C API: what a hand would do to the Parquet files of a lake."""
import ctypes
import os


class Duckdb:
    """A database in memory. `larmor` is the path of the program beside whose library it lies."""

    def __init__(self, larmor):
        beside = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(larmor))), "lib", "larmor", "libduckdb.so")
        self.library = ctypes.CDLL(os.environ.get("LARMOR_DUCKDB", beside))
        self.library.duckdb_result_error.restype = ctypes.c_char_p
        self.library.duckdb_value_int64.restype = ctypes.c_int64
        self.database, self.connection = ctypes.c_void_p(), ctypes.c_void_p()
        assert self.library.duckdb_open(None, ctypes.byref(self.database)) == 0
        assert self.library.duckdb_connect(self.database, ctypes.byref(self.connection)) == 0

    def run(self, sql):
        """The first value of the first row, where that is a number."""
        # A duckdb_result has 48 bytes.
        result = ctypes.create_string_buffer(256)
        state = self.library.duckdb_query(self.connection, sql.encode(), result)
        error = self.library.duckdb_result_error(result) if state else None
        value = 0 if state else self.library.duckdb_value_int64(result, ctypes.c_uint64(0), ctypes.c_uint64(0))
        self.library.duckdb_destroy_result(result)
        assert state == 0, error
        return value

    def rewrite(self, path, where, select):
        """The file has other rows under its name, `select` of `rows`, where one of them is meant."""
        self.run(f"CREATE OR REPLACE TEMP TABLE rows AS SELECT * FROM read_parquet('{path}', hive_partitioning = false)")
        if self.run(f"SELECT count(*) FROM rows WHERE {where}"):
            self.run(f"COPY ({select}) TO '{path}' (FORMAT parquet)")

    def end(self):
        self.library.duckdb_disconnect(ctypes.byref(self.connection))
        self.library.duckdb_close(ctypes.byref(self.database))
