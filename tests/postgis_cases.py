#!/usr/bin/python3
"""Runs the recorded cases of changes once more, with their GeoPackages and GeoJSON files as tables of a PostGIS: same cases, same outcomes.

usage: postgis_cases.py FIELDPOST CASES_DIR PROJECTS_DIR [--deviations FILE] [-v] [CASE...]

Every case runs twice, on the files and on tables with the same columns, types, keys, defaults and constraints. Statuses are compared with what the
reference recorded and with those on the files, stored features with those on the files. FILE lists what may differ: "case-glob label-glob reason" a line;
a feature may differ in a case that it lists. The last lines are the counts; exit 1 when something undeclared differs. Not part of "make check": needs PostgreSQL with
PostGIS, python3-psycopg2 and python3-gdal. The server is its own, in a temporary folder."""
import datetime, fnmatch, glob, html, json, os, re, shutil, sqlite3, subprocess, sys, tempfile, time
import psycopg2
from osgeo import gdal, ogr

ogr.UseExceptions()
WORD = {"status_applied": "applied", "status_conflict": "conflict", "status_apply_failed": "not_applied", "status_unknown_error": "error"}
TYPES = {"BOOLEAN": "bool", "TINYINT": "int2", "SMALLINT": "int2", "MEDIUMINT": "int4", "INT": "int8", "INTEGER": "int8", "FLOAT": "float8", "DOUBLE": "float8",
         "REAL": "float8", "TEXT": "text", "BLOB": "bytea", "DATE": "date", "DATETIME": "timestamptz", "TIME": "time"}


class Server:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="fp-postgis-")
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.port = 20000 + os.getpid() % 20000
        os.chmod(self.dir, 0o700)
        if os.getuid() == 0:
            os.chown(self.dir, 65534, 65534)
        self.run("initdb", "-D", self.dir + "/db", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync").wait()
        self.process = self.run("postgres", "-D", self.dir + "/db", "-p", str(self.port), "-k", self.dir, "-c", "fsync=off", "-c", "listen_addresses=127.0.0.1")
        for _ in range(200):
            try:
                self.connect("postgres").close()
                break
            except psycopg2.OperationalError:
                time.sleep(0.05)
        c = self.connect("postgres")
        c.autocommit = True
        c.cursor().execute("CREATE DATABASE gis")
        c.close()
        self.conn = self.connect("gis")
        self.conn.autocommit = True
        self.do("CREATE EXTENSION postgis")
        self.do("SET TimeZone = 'UTC'")

    def run(self, program, *args):
        who = (lambda: (os.setgroups([]), os.setgid(65534), os.setuid(65534))) if os.getuid() == 0 else None
        return subprocess.Popen([f"{self.bin}/{program}", *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=who)

    def connect(self, database):
        return psycopg2.connect(host="127.0.0.1", port=self.port, user="postgres", dbname=database)

    def do(self, statement, values=None):
        cur = self.conn.cursor()
        cur.execute(statement, values)
        return cur

    def stop(self):
        self.conn.close()
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.dir)


def name(*parts):
    return ".".join('"' + p.replace('"', '""') + '"' for p in parts)


def wkb(blob):
    """The WKB within a GeoPackage's geometry."""
    return None if blob is None else bytes(blob[8 + [0, 32, 48, 48, 64][blob[3] >> 1 & 7]:])


def default(text):
    return None if text is None else "now()" if "strftime" in text else text


def gpkg_tables(db, schema, path):
    """Tables of a GeoPackage. Returns {layer: (key column, geometry column)}."""
    c = sqlite3.connect(path)
    shapes = {t: rest for t, *rest in c.execute("SELECT table_name, column_name, geometry_type_name, srs_id, z, m FROM gpkg_geometry_columns")}
    try:
        documents = {(t, col) for t, col in c.execute("SELECT table_name, column_name FROM gpkg_data_columns WHERE mime_type = 'application/json'")}
    except sqlite3.OperationalError:
        documents = set()
    made = {}
    for t, ddl in c.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name IN (SELECT table_name FROM gpkg_contents)").fetchall():
        info = c.execute(f"SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('{t}')").fetchall()
        geom = shapes.get(t, [None])[0]
        unique = {i[0] for (n,) in c.execute(f"SELECT name FROM pragma_index_list('{t}') WHERE \"unique\" AND origin = 'u'")
                  for i in c.execute(f"SELECT name FROM pragma_index_info('{n}')")}
        columns, key = [], None
        for col, kind, notnull, value, pk in info:
            if col == geom:
                _, shape, srid, z, m = shapes[t]
                srid = max(srid, 0)
                tail = ("Z" if z == 1 else "") + ("M" if m == 1 else "")
                columns.append(f"{name(col)} geometry" + ("" if 2 in (z, m) else f"({shape}{tail}, {srid})"))
                continue
            what = "json" if (t, col) in documents else TYPES[kind.upper().split("(")[0]]
            if pk:
                key = col
            if pk and kind.upper() == "INTEGER":
                columns.append(f"{name(col)} int8 GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")
                continue
            check = re.search(rf"\b{re.escape(col)}\b[^,]*?\bcheck\s*(\(.*?\))(?=[,)])", ddl, re.I)
            columns.append(f"{name(col)} {what}" + (" PRIMARY KEY" if pk else "") + (" NOT NULL" if notnull else "") + (" UNIQUE" if col in unique else "") +
                           (f" DEFAULT {default(value)}" if value is not None else "") + (f" CHECK {check.group(1)}" if check else ""))
        db.do(f"CREATE TABLE {name(schema, t)} ({', '.join(columns)})")
        for row in c.execute(f"SELECT {', '.join(name(i[0]) for i in info)} FROM {name(t)}").fetchall():
            values = [wkb(v) if i[0] == geom else bool(v) if v is not None and i[1].upper() == "BOOLEAN" else v for v, i in zip(row, info)]
            marks = ["ST_SetSRID(ST_GeomFromWKB(%s), " + str(max(shapes[t][2], 0)) + ")" if i[0] == geom else "%s" for i in info]
            db.do(f"INSERT INTO {name(schema, t)} ({', '.join(name(i[0]) for i in info)}) VALUES ({', '.join(marks)})".replace("%(", "%%("), values)
        last = c.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (t,)).fetchone()
        if last and last[0]:
            db.do("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", (name(schema, t), key, last[0]))
        made[t] = (key, geom)
    for v, ddl in c.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view' AND name IN (SELECT table_name FROM gpkg_contents)").fetchall():
        db.do(f"SET search_path = {name(schema)}, public")
        db.do(ddl)
        db.do("RESET search_path")
        made[v] = ("fid", None)
    return made


def geojson_table(db, schema, path, table):
    ds = gdal.OpenEx(path)
    l = ds.GetLayer(0)
    d = l.GetLayerDefn()
    kinds = {ogr.OFTInteger: "int4", ogr.OFTInteger64: "int8", ogr.OFTReal: "float8", ogr.OFTDate: "date", ogr.OFTDateTime: "timestamptz", ogr.OFTTime: "time",
             ogr.OFTIntegerList: "int4[]", ogr.OFTStringList: "text[]"}
    finer = {ogr.OFSTBoolean: "bool", ogr.OFSTJSON: "json"}
    fields = [(f.GetName(), finer.get(f.GetSubType(), kinds.get(f.GetType(), "text"))) for f in map(d.GetFieldDefn, range(d.GetFieldCount()))]
    columns = [f"{name(n)} " + ("int8 GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY" if n == "fid" else k) for n, k in fields]
    shape = ogr.GeometryTypeToName(l.GetGeomType()).replace(" ", "")
    db.do(f"CREATE TABLE {name(schema, table)} ({', '.join(columns)}, geom geometry({shape if shape != 'Unknown(any)' else 'Geometry'}, 4326))")
    for f in l:
        g = f.GetGeometryRef()
        db.do(f"INSERT INTO {name(schema, table)} ({', '.join(name(n) for n, _ in fields)}, geom) VALUES ({', '.join(['%s'] * len(fields))}, ST_SetSRID(ST_GeomFromWKB(%s), 4326))",
              [bool(f.GetField(i)) if k == "bool" else f.GetField(i) for i, (_, k) in enumerate(fields)] + [bytes(g.ExportToIsoWkb()) if g else None])
    if any(n == "fid" for n, _ in fields):
        db.do(f"SELECT setval(pg_get_serial_sequence(%s, 'fid'), max(fid)) FROM {name(schema, table)}", (name(schema, table),))
    return {table: ("fid", "geom")}


def convert(db, schema, folder, project):
    """Makes the tables and points the project at them. Returns {file:layer: table}."""
    text, tables, where = open(f"{folder}/{project}").read(), {}, {}
    db.do(f"CREATE SCHEMA {name(schema)}")

    def layer(m):
        block = m.group(0)
        source = re.search(r"<datasource>(.*?)</datasource>", block, re.S)
        provider = re.search(r"<provider([^>]*)>ogr</provider>", block)
        if not source or not provider:
            return block
        path, *options = html.unescape(source.group(1)).split("|")
        file, options = os.path.normpath(path), dict(o.split("=", 1) for o in options)
        if not os.path.exists(f"{folder}/{file}") or not file.endswith((".gpkg", ".geojson")):
            return block
        if file not in tables:
            stem = file.rsplit(".", 1)[0]
            tables[file] = gpkg_tables(db, schema, f"{folder}/{file}") if file.endswith(".gpkg") else geojson_table(db, schema, f"{folder}/{file}", f"{stem}_json")
        table = options.get("layername") if file.endswith(".gpkg") else next(iter(tables[file]))
        if table is None:
            table = next(iter(tables[file]))
        if table not in tables[file]:
            return block
        key, geom = tables[file][table]
        where[f"{file}:{table if file.endswith('.gpkg') else file.rsplit('.', 1)[0]}"] = table
        new = f"dbname='gis' host=127.0.0.1 port={db.port} user='postgres' sslmode=disable" + (f" key='{key}'" if key else "") + \
            f" table={name(schema, table)}" + (f" ({geom})" if geom else "") + f" sql={options.get('subset', '')}"
        return block.replace(source.group(0), f"<datasource>{html.escape(new, False)}</datasource>").replace(provider.group(0), f"<provider{provider.group(1)}>postgres</provider>")

    text = re.sub(r"<maplayer .*?</maplayer>", layer, text, flags=re.S)
    open(f"{folder}/{project}", "w").write(text)
    return where


def feature(f, d):
    a = {}
    for i in range(d.GetFieldCount()):
        kind, n = d.GetFieldDefn(i).GetType(), d.GetFieldDefn(i).GetName()
        if not f.IsFieldSet(i) or f.IsFieldNull(i):
            a[n] = None
        elif kind in (ogr.OFTInteger, ogr.OFTInteger64):
            a[n] = f.GetFieldAsInteger64(i)
        elif kind == ogr.OFTReal:
            a[n] = f.GetFieldAsDouble(i)
        elif kind == ogr.OFTBinary:
            a[n] = bytes(f.GetFieldAsBinary(i)).hex()
        else:
            a[n] = f.GetFieldAsString(i)
            if kind == ogr.OFTDateTime:  # the instant: a file keeps the zone as well
                y, mo, day, h, mi, s, tz = f.GetFieldAsDateTime(i)
                t = datetime.datetime(y, mo, day, h, mi, tzinfo=datetime.timezone.utc) - datetime.timedelta(minutes=(tz - 100) * 15 if tz > 1 else 0)
                a[n] = f"{t:%Y-%m-%dT%H:%M}:{s:06.3f}"
    g = f.GetGeometryRef()
    return a, g.ExportToIsoWkt() if g else None


def read(ds, layer, key):
    """{key: (attributes, geometry)}; without a key the features' own order."""
    l = ds.GetLayerByName(layer) or ds.GetLayer(0)
    all = [(f.GetFID(), *feature(f, l.GetLayerDefn())) for f in l]
    if l.GetFIDColumn() or any(key in a for _, a, _ in all):
        return {str(a.pop(key) if key in a else fid): (a, g) for fid, a, g in all}
    return {str(i): x for i, x in enumerate(sorted(((a, g) for _, a, g in all), key=repr))}


def same(a, b):
    if a is None or b is None:
        return a is b
    if a[0].keys() != b[0].keys() or (a[1] or None) != (b[1] or None):
        return False
    for k, x in a[0].items():
        y = b[0][k]
        if x != y and not (isinstance(x, float) and isinstance(y, float) and abs(x - y) <= 1e-9 * max(1, abs(x))):
            return False
    return True


def apply(program, folder, case, deltas, out):
    cmd = [program, "apply", f"{folder}/{case['project']}", deltas, "--output", out, "--json", "--conflicts", "reference"]
    cmd += ["--overwrite-conflicts"] * bool(case["overwrite_conflicts"]) + ["--inverse"] * bool(case["inverse"])
    r = subprocess.run(cmd, capture_output=True, text=True, errors="replace", timeout=120)
    try:
        return {d["delta_id"]: d for d in json.loads(r.stdout)["deltas"]}
    except (ValueError, KeyError, TypeError):
        return None if r.returncode in range(4) else {"crash": r.stderr}


def main():
    args, declared, verbose, it = [], [], False, iter(sys.argv[1:])
    for a in it:
        if a == "--deviations":
            declared += [line.split(None, 2) for line in open(next(it)) if line.strip() and not line.startswith("#")]
        elif a == "-v":
            verbose = True
        else:
            args.append(a)
    program, cases, projects, only = args[0], args[1], args[2], args[3:]
    n = dict.fromkeys(("deltas", "as_reference", "declared", "as_files", "features", "same", "declared_features", "changed", "bad", "crash"), 0)
    db = Server()
    gdal.SetConfigOption("PG_LIST_ALL_TABLES", "YES")
    try:
        for number, c in enumerate(sorted(os.listdir(cases))):
            if only and c not in only:
                continue
            case = json.load(open(f"{cases}/{c}/case.json"))
            with tempfile.TemporaryDirectory(prefix="fpd-") as work:
                files, tables, schema = f"{work}/files", f"{work}/tables", f"case{number}"
                shutil.copytree(f"{projects}/{case['project_dir']}", files)
                shutil.copytree(files, tables)
                where = convert(db, schema, tables, case["project"])
                for stage in range(1, case["stages"] + 1):
                    deltas = f"{cases}/{c}/stage{stage}.deltas.json"
                    gold = json.load(open(f"{cases}/{c}/stage{stage}.golden.json"))
                    labels = {d.get("uuid"): d.get("label", d.get("uuid")) for d in json.load(open(deltas)).get("deltas", []) if isinstance(d, dict)}
                    ours = apply(program, files, case, deltas, f"{work}/files{stage}")
                    theirs = apply(program, tables, case, deltas, f"{work}/tables{stage}")
                    if "crash" in (ours or {}) or "crash" in (theirs or {}):
                        n["crash"] += 1
                        print(f"{c}/{stage}: crash {ours} {theirs}"[:300])
                        continue
                    may = lambda u: any(fnmatch.fnmatch(c, d[0]) and (fnmatch.fnmatch(labels.get(u, ""), d[1]) or fnmatch.fnmatch(u or "", d[1])) for d in declared)
                    golden = {d["delta_id"]: WORD[d["status"]] for d in gold["deltas"]} if not gold["job_error"] else {}
                    differs = False
                    for u, d in (theirs or {}).items():
                        want, o = golden.get(u), (ours or {}).get(u, {})
                        n["deltas"] += 1
                        n["as_files"] += o.get("status") == d["status"]
                        n["as_reference"] += want in (None, d["status"])
                        differs = differs or may(u)
                        if o.get("status") == d["status"] and (want in (None, d["status"]) or may(u)):
                            n["declared"] += want not in (None, d["status"])
                        elif may(u):
                            n["declared"] += 1
                            if verbose:
                                print(f"{c}/{stage} {labels.get(u)} (declared): tables {d['status']} ({d['msg'][:120]}), files {o.get('status')} ({o.get('msg', '')[:100]})")
                        else:
                            n["bad"] += 1
                            print(f"{c}/{stage} {labels.get(u)}: tables {d['status']} ({d['msg'][:120]}), files {o.get('status')} ({o.get('msg', '')[:100]}), reference {want}")
                    if os.path.isdir(f"{work}/files{stage}"):
                        files = f"{work}/files{stage}"
                    pg = gdal.OpenEx(f"PG:host=127.0.0.1 port={db.port} user=postgres dbname=gis active_schema={schema}", gdal.OF_VECTOR)
                    for at, table in where.items():
                        file, layer = at.split(":")
                        ds = gdal.OpenEx(f"{files}/{file}", gdal.OF_VECTOR)
                        a, b = read(ds, layer, "fid"), read(pg, table, "fid")
                        for k in sorted(set(a) | set(b)):
                            n["features"] += 1
                            if same(a.get(k), b.get(k)):
                                n["same"] += 1
                            elif differs:
                                n["declared_features"] += 1
                                if verbose:
                                    print(f"{c}/{stage} {table} {k} (declared): files {a.get(k)}, table {b.get(k)}"[:600])
                            else:
                                n["bad"] += 1
                                print(f"{c}/{stage} {table} {k}: files {a.get(k)}, table {b.get(k)}"[:600])
                        ds = None
                    pg = None
            db.do(f"DROP SCHEMA {name(schema)} CASCADE")
    finally:
        db.stop()
    print(f"changes {n['deltas']}: status as the reference's {n['as_reference']}, as on the files {n['as_files']}, declared different {n['declared']}")
    print(f"features {n['features']}: as in the files {n['same']}, different in cases that are declared {n['declared_features']}")
    print(f"crashes {n['crash']}; undeclared differences {n['bad']}")
    sys.exit(1 if n["bad"] or n["crash"] else 0)


main()
