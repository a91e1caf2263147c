"""What package_projects.py and package_postgres.py make their projects with: data by GDAL, projects by QGIS, and the same bytes each time.

A case is a function that gets a Case and puts its data into case.dir. What it adds becomes a project of QGIS (case.add and case.p); what is left in case.edits
is done to the saved XML afterwards: things that this QGIS cannot write itself, as older spellings do."""
import os, re, shutil, sqlite3, struct, sys, uuid, zipfile, zlib

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QT_HASH_SEED"] = "0"
os.environ["OGR_CURRENT_DATE"] = "2024-05-01T10:00:00.000Z"
sys.dont_write_bytecode = True
from osgeo import gdal, ogr, osr  # noqa: E402
from qgis.core import (QgsApplication, QgsCoordinateReferenceSystem, QgsMeshLayer, QgsProject, QgsRasterLayer, QgsSingleSymbolRenderer, QgsSymbol, QgsVectorLayer, QgsVectorTileLayer)  # noqa: E402
from qgis.PyQt.QtGui import QColor  # noqa: E402

gdal.UseExceptions()
gdal.PushErrorHandler("CPLQuietErrorHandler")
UUID = re.compile(r"[0-9a-f]{8}([-_])[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}")
KINDS = {"int": (ogr.OFTInteger, 0), "int16": (ogr.OFTInteger, ogr.OFSTInt16), "bool": (ogr.OFTInteger, ogr.OFSTBoolean), "int64": (ogr.OFTInteger64, 0),
         "real": (ogr.OFTReal, 0), "float": (ogr.OFTReal, ogr.OFSTFloat32), "text": (ogr.OFTString, 0), "json": (ogr.OFTString, ogr.OFSTJSON), "date": (ogr.OFTDate, 0),
         "time": (ogr.OFTTime, 0), "datetime": (ogr.OFTDateTime, 0), "binary": (ogr.OFTBinary, 0), "texts": (ogr.OFTStringList, 0), "ints": (ogr.OFTIntegerList, 0)}
app = None
cases = {}


def case(name, **how):
    """Marks a case. HOW: qgz: saved as such; at: the project's file below the folder; slow: only when named."""
    def mark(f):
        cases[name] = (f, how)
        return f
    return mark


def srs(code):
    s = osr.SpatialReference()
    s.SetFromUserInput(code if isinstance(code, str) else f"EPSG:{code}")
    s.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return s


def kind(spec):
    """"text(10)" -> a field's type, subtype and width."""
    m = re.fullmatch(r"(\w+)(?:\((\d+)(?:\.(\d+))?\))?", spec)
    return (*KINDS[m[1]], int(m[2] or 0), int(m[3] or 0))


def table(ds, name, geom="Point", epsg=4326, fields="", rows=(), options=()):
    """A table of DS. FIELDS: "name:kind ..."; ROWS: (WKT or None, value ...), a value of "" stays unset, None is NULL."""
    kind_of_geometry = ogr.wkbNone if geom is None else getattr(ogr, "wkb" + geom)
    l = ds.CreateLayer(name, srs(epsg) if epsg and geom else None, kind_of_geometry, list(options))
    specs = [f.rsplit(":", 1) for f in (fields.split() if isinstance(fields, str) else fields)]
    for n, spec in specs:
        d = ogr.FieldDefn(n)
        t, sub, width, precision = kind(spec)
        d.SetType(t)
        d.SetSubType(sub)
        d.SetWidth(width)
        d.SetPrecision(precision)
        l.CreateField(d)
    ds.StartTransaction() if ds.TestCapability(ogr.ODsCTransactions) else None
    for wkt, *values in rows:
        put(l, wkt, values)
    ds.CommitTransaction() if ds.TestCapability(ogr.ODsCTransactions) else None
    return l


def put(l, wkt, values, fid=None):
    f = ogr.Feature(l.GetLayerDefn())
    if fid is not None:
        f.SetFID(fid)
    for i, v in enumerate(values):
        if v is None:
            f.SetFieldNull(i)
        elif isinstance(v, bytes):
            f.SetField(i, v) if l.GetLayerDefn().GetFieldDefn(i).GetType() != ogr.OFTBinary else f.SetFieldBinaryFromHexString(i, v.hex())
        elif isinstance(v, list) and v and isinstance(v[0], str):
            f.SetFieldStringList(i, v)
        elif v != "":
            f.SetField(i, v)
    if wkt is not None:
        f.SetGeometry(ogr.CreateGeometryFromWkt(wkt) if isinstance(wkt, str) else wkt)
    l.CreateFeature(f)


def points(n, *columns, x=7.0, y=46.0, step=0.01):
    """N rows along a line; COLUMNS: functions of the row's number."""
    return [(f"POINT({x + i * step:.6f} {y + i % 7 * step:.6f})", *[c(i) for c in columns]) for i in range(n)]


def create(path, driver="GPKG", options=()):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return ogr.GetDriverByName(driver).CreateDataSource(path, list(options))


def sql(path, *statements):
    c = sqlite3.connect(path)
    for s in statements:
        c.executescript(s)
    if c.execute("SELECT 1 FROM sqlite_master WHERE name = 'gpkg_contents'").fetchone():
        c.execute("UPDATE gpkg_contents SET last_change = '2024-05-01T10:00:00.000Z'")
    c.commit()
    c.close()


def raster(path, driver="GTiff", size=16, epsg=4326, origin=(7.0, 46.2), pixel=0.01, bands=1, options=(), value=0):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    m = gdal.GetDriverByName("MEM").Create("", size, size, bands)
    if origin:
        m.SetGeoTransform((origin[0], pixel, 0, origin[1], 0, -pixel))
        m.SetProjection(srs(epsg).ExportToWkt())
    for b in range(1, bands + 1):
        m.GetRasterBand(b).WriteRaster(0, 0, size, size, bytes((value + b * 40 + i * 7 + i // size) % 256 for i in range(size * size)))
    gdal.GetDriverByName(driver).CreateCopy(path, m, options=list(options))
    return path


def png(width=8, height=8, colour=(200, 30, 30)):
    rows = b"".join(b"\0" + bytes(colour) * width for _ in range(height))
    chunk = lambda k, d: struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def svg(colour="#f00"):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" viewBox="0 0 20 20"><circle cx="10" cy="10" r="8" fill="{colour}"/></svg>').encode()


class Case:
    def __init__(self, name, folder, how):
        self.name, self.dir, self.how = name, folder, how
        self.edits, self.p, self.db = [], QgsProject.instance(), how.get("db")
        self.at = os.path.join(folder, how.get("at", "project.qgz" if how.get("qgz") else "project.qgs"))
        self.p.clear()
        self.p.setCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
        self.p.setFileName(self.at)

    def path(self, name):
        full = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        return full

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def gpkg(self, name="d.gpkg"):
        return create(self.path(name))

    def add(self, source, name, provider="ogr", kind="vector", action=None, valid=True, tree=True, **properties):
        """A layer of SOURCE; {} stands for the folder."""
        source = source.replace("{}", self.dir)
        make = {"vector": QgsVectorLayer, "raster": QgsRasterLayer, "mesh": QgsMeshLayer}.get(kind)
        l = QgsVectorTileLayer(source, name) if kind == "tiles" else make(source, name, provider)
        if valid and not l.isValid():
            print(f"{self.name}: {name} is not valid: {source}", file=sys.stderr)
        if kind == "vector" and l.isSpatial() and valid:
            symbol = QgsSymbol.defaultSymbol(l.geometryType())  # its colour is random otherwise
            if symbol:
                symbol.setColor(QColor.fromHsv(len(self.p.mapLayers()) * 47 % 360, 150, 200))
                l.setRenderer(QgsSingleSymbolRenderer(symbol))
        if action is not None:
            l.setCustomProperty("QFieldSync/cloud_action", action)
        for k, v in properties.items():
            l.setCustomProperty(k, v)
        self.p.addMapLayer(l, tree)
        return l

    def edit(self, old, new, count=1):
        """In the saved XML: OLD (text, or a compiled pattern) becomes NEW. It must be there."""
        self.edits.append((old, new, count))

    def save(self):
        os.makedirs(os.path.dirname(self.at), exist_ok=True)
        self.p.write(self.at)
        self.p.clear()
        if self.at.endswith(".qgz"):
            with zipfile.ZipFile(self.at) as z:
                members = {n: z.read(n) for n in z.namelist()}
            main = next(n for n in members if n.endswith(".qgs"))
            text, known = self.settle(members[main].decode())
            members[main] = text.encode()
            for n in [n for n in members if n.endswith(".qgd")]:
                members[n] = auxiliary(members[n], known)
            with zipfile.ZipFile(self.at, "w", zipfile.ZIP_DEFLATED) as z:
                for n in sorted(members):
                    z.writestr(zipfile.ZipInfo(n, (2024, 5, 1, 10, 0, 0)), members[n], zipfile.ZIP_DEFLATED)
        else:
            with open(self.at, encoding="utf8") as f:
                text, _ = self.settle(f.read())
            with open(self.at, "w", encoding="utf8") as f:
                f.write(text)
        for junk in (self.at + "~", os.path.splitext(self.at)[0] + ".qgd"):
            if os.path.exists(junk) and (junk.endswith("~") or not self.how.get("keep_qgd")):
                os.remove(junk)

    def settle(self, text):
        """The edits, and identities that are the same each time."""
        for old, new, count in self.edits:
            n = 0
            if isinstance(old, str):
                n = text.count(old)
                text = text.replace(old, new)
            else:
                text, n = old.subn(new, text)
            if not n or (count and n != count):
                print(f"{self.name}: an edit found {n} places: {old!r}"[:200], file=sys.stderr)
        text = re.sub(r'(="[^"<>]*?)' + re.escape(self.dir), r"\1/home/author/project", text)  # what QGIS writes absolute, but no <datasource>
        text = re.sub(r"(?:[ \t]*<layer-setting [^>]*/>\n)+", lambda m: "".join(sorted(m[0].splitlines(True))), text)
        text = re.sub(r"(<layerDependencies>\n|<dataDependencies>\n)((?: *<layer [^>]*>\n)*)", lambda m: m[1] + "".join(sorted(m[2].splitlines(True))), text)
        text = re.sub(r"<creation>[^<]*<", "<creation>2024-05-01T10:00:00<", text)
        known = {}

        def settled(m):
            plain = m[0].replace("_", "-")
            known.setdefault(plain, str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}/{len(known)}")))
            return known[plain].replace("-", m[1])
        text = UUID.sub(settled, text)
        return re.sub(r'saveDateTime="[^"]*"', 'saveDateTime="2024-05-01T10:00:00"', text), known


def auxiliary(data, known):
    """The auxiliary storage with its tables named by the settled ids."""
    tmp = f"/tmp/auxiliary-{os.getpid()}.db"
    with open(tmp, "wb") as f:
        f.write(data)
    c = sqlite3.connect(tmp)
    for (t,) in c.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        new = UUID.sub(lambda m: known.get(m[0].replace("_", "-"), m[0]).replace("-", m[1]), t)
        if new != t:
            c.execute(f'ALTER TABLE "{t}" RENAME TO "{new}"')
            for old in ("_idx",):
                c.execute(f'DROP INDEX IF EXISTS "{t}{old}"')
    c.commit()
    c.close()
    with open(tmp, "rb") as f:
        data = f.read()
    os.remove(tmp)
    return data


def make(folder, only=(), db=None):
    """Writes the cases into FOLDER, one folder each, and says where each project is."""
    global app
    if app is None:
        app = QgsApplication([], False)
        app.initQgis()
    for name, (f, how) in sorted(cases.items()):
        if (only and not any(o in name for o in only)) or (not only and how.get("slow")):
            continue
        where = os.path.join(os.path.abspath(folder), name)
        shutil.rmtree(where, ignore_errors=True)
        os.makedirs(where)
        c = Case(name, where, dict(how, db=db))
        f(c)
        c.save()
        print(c.at, flush=True)
    os._exit(0)  # QGIS does not always end well
