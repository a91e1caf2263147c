#!/usr/bin/python3
"""Writes projects whose layers come from web services, with real QGIS, for package_check.py; and is the server that they need.

usage: package_web.py FOLDER PORT     writes the projects, whose services are asked while QGIS makes them
       package_web.py serve PORT      WFS 1.0.0, 1.1.0 and 2.0.0 and OGC API Features of the tables below, on 127.0.0.1

Addresses: /wfs10 /wfs11 /wfs20 speak one version, /wfs all of them; /paged hands out 10 features a time and says so. "zip" in an address: every answer is gzip.
Not part of "make check": needs python3-qgis."""
import gzip, http.server, json, os, re, socket, socketserver, subprocess, sys, time, urllib.parse
from xml.sax.saxutils import escape

GML = {"Point": "Point", "LineString": "LineString", "Polygon": "Polygon", "MultiPolygon": "MultiSurface", "MultiLineString": "MultiCurve", "MultiPoint": "MultiPoint"}


def ring(x, y, d):
    return [(x, y), (x + d, y), (x + d, y + d), (x, y + d), (x, y)]


# name: EPSG code, geometry type ("what is described=what comes"), fields, rows (values, coordinates)
TABLES = {
    "trees": (4326, "Point", "fid:int name:string n:integer big:long x:double dec:decimal ok:boolean d:date t:dateTime tm:time sh:short any:anyURI nn:nonNegativeInteger",
              [((i, None if i == 7 else "" if i == 8 else f"row {i} <ü>", i * 3, i * 10 ** 12, i / 7, i / 4, i % 2 == 0, f"2024-02-{i % 28 + 1:02d}", f"2024-05-01T10:{i:02d}:00Z", f"10:{i:02d}:00",
                 -i, f"http://x/{i}", i), None if i == 9 else (7 + i / 100, 46 + i / 50)) for i in range(1, 26)]),
    "areas": (2056, "MultiPolygon", "Fid:string label:string", [((f"a{i}", f"Area {i}"), [[ring(2600000 + i * 100, 1200000 + i * 50, 40 + i), ring(2600010 + i * 100, 1200010 + i * 50, 5)]]) for i in range(1, 8)]),
    "ways": (3857, "LineString", "fid:long kind:string", [((i, "abc"[i % 3]), [(800000 + i * 10, 5700000), (800005 + i * 10, 5700050.5), (800010.25 + i, 5700100)]) for i in range(1, 6)]),
    "codes": (0, None, "fid:int code:string", [((i, f"c{i}") , None) for i in range(1, 5)]),
    "keyless": (4326, "Point", "name:string", [((f"k{i}",), (8 + i / 10, 47)) for i in range(1, 4)]),
    "kinds": (4326, "Point", "FID:unsignedInt b:byte ub:unsignedByte us:unsignedShort ul:unsignedLong pi:positiveInteger ni:negativeInteger np:nonPositiveInteger f:float",
              [((i, -i, i, i, 2 ** 40 + i, i, -i, -i, i / 2), (9 + i / 10, 47)) for i in range(1, 4)]),
    "texts": (4326, "Point", "fid:string gy:gYear bb:base64Binary tok:token du:duration ns:normalizedString ge:gDate",
              [((f"0{i}", "2024", "AAEC", "tok", "P1D", f"a  b {i} ", "00" + str(i)), (9 + i / 10, 47)) for i in range(1, 4)]),
    "parts": (4326, "MultiPolygon=Polygon", "fid:int", [((i,), [ring(7 + i, 46, 0.5)]) for i in range(1, 4)]),
    "lines": (2056, "MultiLineString=LineString", "fid:int", [((i,), [(2600000 + i, 1200000), (2600010, 1200010)]) for i in range(1, 4)]),
    "any": (4326, "Geometry=Point", "fid:int", [((i,), (7 + i, 46)) for i in range(1, 4)]),
    "places": (4326, "MultiPoint=Point", "fid:int", [((i,), (7 + i, 46)) for i in range(1, 4)]),
    "none": (4326, "Point", "fid:int name:string", []),
}


def coordinates(points, swap, comma):
    pairs = [(y, x) if swap else (x, y) for x, y in points]
    return " ".join((f"{a!r},{b!r}" if comma else f"{a!r} {b!r}") for a, b in pairs)


def gml(kind, c, version, srs, swap, top=True):
    two, name = version == "1.0.0", f' srsName="{srs}"' if top else ""
    listed = (lambda p: f'<gml:coordinates decimal="." cs="," ts=" ">{coordinates(p, swap, True)}</gml:coordinates>') if two else (lambda p: f"<gml:posList>{coordinates(p, swap, False)}</gml:posList>")
    if kind == "Point":
        return f"<gml:Point{name}>" + (listed([c]) if two else f"<gml:pos>{coordinates([c], swap, False)}</gml:pos>") + "</gml:Point>"
    if kind == "LineString":
        return f"<gml:LineString{name}>{listed(c)}</gml:LineString>"
    if kind == "Polygon":
        out, inner = ("outerBoundaryIs", "innerBoundaryIs") if two else ("exterior", "interior")
        return f"<gml:Polygon{name}>" + "".join(f"<gml:{inner if i else out}><gml:LinearRing>{listed(r)}</gml:LinearRing></gml:{inner if i else out}>" for i, r in enumerate(c)) + "</gml:Polygon>"
    whole, member = ("MultiPolygon", "polygonMember") if two else ("MultiSurface", "surfaceMember")
    return f"<gml:{whole}{name}>" + "".join(f"<gml:{member}>{gml('Polygon', p, version, srs, swap, False)}</gml:{member}>" for p in c) + f"</gml:{whole}>"


def text_of(v):
    return str(v).lower() if isinstance(v, bool) else repr(v) if isinstance(v, float) else escape(str(v))


def points_of(c):
    if c and not isinstance(c[0], (list, tuple)):
        return [c]
    return [p for part in c or [] for p in points_of(part)]


def chosen(q, name, version):
    """The rows that Q asks for, and how many there are in all."""
    epsg, kind, fields, rows = TABLES[name]
    rows = [(i, *r) for i, r in enumerate(rows, 1)]
    box = q.get("bbox")
    if box:
        parts = box.split(",")
        x0, y0, x1, y1 = map(float, parts[:4])
        if len(parts) > 4 and parts[4].startswith("urn") and epsg == 4326:
            x0, y0, x1, y1 = y0, x0, y1, x1
        if version == "api" and epsg != 4326:
            return rows, len(rows)
        rows = [r for r in rows if r[2] and min(p[0] for p in points_of(r[2])) <= x1 and max(p[0] for p in points_of(r[2])) >= x0 and min(p[1] for p in points_of(r[2])) <= y1 and max(p[1] for p in points_of(r[2])) >= y0]
    wanted = re.search(r"PropertyIs(GreaterThan|Like).*?(?:ValueReference|PropertyName)>(\w+)<.*?Literal>([^<]*)<", q.get("filter", ""), re.S)
    if wanted:
        at = [f.split(":")[0] for f in fields.split()].index(wanted[2])
        fits = (lambda v: v > float(wanted[3])) if wanted[1] == "GreaterThan" else (lambda v: re.fullmatch(wanted[3].replace("%", ".*"), v, re.S))
        rows = [r for r in rows if r[1][at] is not None and fits(r[1][at])]
    return rows, len(rows)


def features(q, name, version, paged):
    epsg, kind, fields, _ = TABLES[name]
    names = [f.split(":")[0] for f in fields.split()]
    rows, total = chosen(q, name, version)
    start, most = int(q.get("startindex", 0)), int(q.get("count", q.get("maxfeatures", 10 ** 9)))
    rows = rows[start:start + (min(most, 10) if paged else most)]
    if q.get("resulttype") == "hits":
        rows = []
    swap = version != "1.0.0" and epsg == 4326
    srs = f"http://www.opengis.net/gml/srs/epsg.xml#{epsg}" if version == "1.0.0" else f"urn:ogc:def:crs:EPSG::{epsg}"
    uri = "http://www.opengis.net/gml/3.2" if version == "2.0.0" else "http://www.opengis.net/gml"
    member, wfs = ("wfs:member", "http://www.opengis.net/wfs/2.0") if version == "2.0.0" else ("gml:featureMember", "http://www.opengis.net/wfs")
    count = f'numberMatched="{total}" numberReturned="{len(rows)}"' if version == "2.0.0" else f'numberOfFeatures="{total if q.get("resulttype") == "hits" else len(rows)}"' if version == "1.1.0" else ""
    out = [f'<?xml version="1.0" encoding="UTF-8"?><wfs:FeatureCollection xmlns:wfs="{wfs}" xmlns:gml="{uri}" xmlns:my="http://my" {count}>']
    for i, values, c in rows:
        ident = f'fid="{name}.{i}"' if version == "1.0.0" else f'gml:id="{name}.{i}"'
        out.append(f"<{member}><my:{name} {ident}>")
        if c is not None:
            out.append("<my:geom>" + gml(kind.split("=")[-1], c, version, srs, swap) + "</my:geom>")
        out.extend(f"<my:{n}>{text_of(v)}</my:{n}>" for n, v in zip(names, values) if v is not None)
        out.append(f"</my:{name}></{member}>")
    out.append("</wfs:FeatureCollection>")
    return "".join(out)


def schema(names, version):
    uri = "http://www.opengis.net/gml/3.2" if version == "2.0.0" else "http://www.opengis.net/gml"
    parts = [f'<?xml version="1.0"?><xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:gml="{uri}" xmlns:my="http://my" targetNamespace="http://my" elementFormDefault="qualified"><xsd:import namespace="{uri}"/>']
    for name in names:
        epsg, kind, fields, _ = TABLES[name]
        described = kind and kind.split("=")[0]
        word = kind and (described if version == "1.0.0" else GML.get(described, described))
        body = f'<xsd:element name="geom" type="gml:{word}PropertyType" minOccurs="0" nillable="true"/>' if kind else ""
        body += "".join('<xsd:element name="{}" type="xsd:{}" minOccurs="0" nillable="true"/>'.format(*f.split(":")) for f in fields.split())
        parts.append(f'<xsd:complexType name="{name}Type"><xsd:complexContent><xsd:extension base="gml:AbstractFeatureType"><xsd:sequence>{body}</xsd:sequence></xsd:extension></xsd:complexContent></xsd:complexType>'
                     f'<xsd:element name="{name}" type="my:{name}Type" substitutionGroup="gml:{"AbstractFeature" if version == "2.0.0" else "_Feature"}"/>')
    return "".join(parts) + "</xsd:schema>"


def capabilities(base, version, paged):
    if version == "1.0.0":
        verbs = "".join(f'<{v}><DCPType><HTTP><Get onlineResource="{base}?"/></HTTP></DCPType></{v}>' for v in ("GetCapabilities", "DescribeFeatureType", "GetFeature"))
        types = "".join(f'<FeatureType><Name>my:{n}</Name><Title>{n}</Title><SRS>EPSG:{t[0] or 4326}</SRS><LatLongBoundingBox minx="-10" miny="-10" maxx="60" maxy="60"/></FeatureType>' for n, t in TABLES.items())
        return f'<?xml version="1.0"?><WFS_Capabilities version="1.0.0" xmlns="http://www.opengis.net/wfs" xmlns:my="http://my"><Service><Name>WFS</Name><Title>t</Title></Service><Capability><Request>{verbs}</Request></Capability><FeatureTypeList><Operations><Query/></Operations>{types}</FeatureTypeList></WFS_Capabilities>'
    ows, wfs, srs = ("http://www.opengis.net/ows/1.1", "http://www.opengis.net/wfs/2.0", "DefaultCRS") if version == "2.0.0" else ("http://www.opengis.net/ows", "http://www.opengis.net/wfs", "DefaultSRS")
    more = '<ows:Constraint name="ImplementsResultPaging"><ows:NoValues/><ows:DefaultValue>TRUE</ows:DefaultValue></ows:Constraint><ows:Constraint name="CountDefault"><ows:NoValues/><ows:DefaultValue>10</ows:DefaultValue></ows:Constraint>' if paged else ""
    verbs = "".join(f'<ows:Operation name="{v}"><ows:DCP><ows:HTTP><ows:Get xlink:href="{base}?"/></ows:HTTP></ows:DCP></ows:Operation>' for v in ("GetCapabilities", "DescribeFeatureType", "GetFeature"))
    types = "".join(f'<wfs:FeatureType><wfs:Name>my:{n}</wfs:Name><wfs:Title>{n}</wfs:Title><wfs:{srs}>urn:ogc:def:crs:EPSG::{t[0] or 4326}</wfs:{srs}><ows:WGS84BoundingBox><ows:LowerCorner>-10 -10</ows:LowerCorner><ows:UpperCorner>60 60</ows:UpperCorner></ows:WGS84BoundingBox></wfs:FeatureType>' for n, t in TABLES.items())
    return f'<?xml version="1.0"?><wfs:WFS_Capabilities version="{version}" xmlns:wfs="{wfs}" xmlns:ows="{ows}" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:my="http://my"><ows:ServiceIdentification><ows:Title>t</ows:Title><ows:ServiceType>WFS</ows:ServiceType><ows:ServiceTypeVersion>{version}</ows:ServiceTypeVersion></ows:ServiceIdentification><ows:OperationsMetadata>{verbs}{more}</ows:OperationsMetadata><wfs:FeatureTypeList>{types}</wfs:FeatureTypeList></wfs:WFS_Capabilities>'


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a):
        if os.environ.get("LOG"):
            print(self.path, file=sys.stderr, flush=True)

    def out(self, body, kind="text/xml", code=200):
        body = body.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        if "zip" in self.path:
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        u = urllib.parse.urlparse(self.path)
        q = {k.lower(): v[0] for k, v in urllib.parse.parse_qs(u.query).items()}
        base = f"http://127.0.0.1:{self.server.server_address[1]}{u.path}"
        return self.wfs(u.path, q, base) if "/wfs" in u.path else self.api(u.path, q) if "/api" in u.path else self.out("no such page", "text/plain", 404)

    def wfs(self, path, q, base):
        only = {"10": "1.0.0", "11": "1.1.0", "20": "2.0.0"}.get(re.search(r"wfs(\d*)", path)[1])
        version = only or q.get("version", q.get("acceptversions", "2.0.0").split(",")[0])
        request, name = q.get("request", "").lower(), q.get("typenames", q.get("typename", ""))
        if request == "getcapabilities":
            return self.out(capabilities(base, version, "paged" in path))
        names = [n.split(":")[-1] for n in name.split(",") if n]
        if request not in ("describefeaturetype", "getfeature") or any(n not in TABLES for n in names):
            return self.out(f'<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows" version="1.0.0"><ows:Exception exceptionCode="InvalidParameterValue"><ows:ExceptionText>no type {escape(name)}</ows:ExceptionText></ows:Exception></ows:ExceptionReport>')
        self.out(schema(names or TABLES, version) if request == "describefeaturetype" else features(q, names[0], version, "paged" in path))

    def api(self, path, q):
        at = path.index("/api")
        root, rest = f"http://127.0.0.1:{self.server.server_address[1]}{path[:at]}/api", path[at + 4:].strip("/").split("/")
        link = lambda rel, to, kind="application/json": {"rel": rel, "type": kind, "href": root + to}
        collection = lambda n: {"id": n, "title": n, "extent": {"spatial": {"bbox": [[-10, -10, 60, 60]]}}, "links": [link("items", f"/collections/{n}/items", "application/geo+json")]}
        if rest == [""]:
            return self.out(json.dumps({"title": "t", "links": [link("data", "/collections"), link("service-desc", "/description", "application/vnd.oai.openapi+json;version=3.0"), link("conformance", "/conformance")]}), "application/json")
        if rest == ["description"]:
            return self.out(json.dumps({"openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "components": {"parameters": {"limit": {"name": "limit", "in": "query", "schema": {"maximum": 10, "default": 10}}}}, "paths": {}}), "application/vnd.oai.openapi+json;version=3.0")
        if rest == ["conformance"]:
            return self.out(json.dumps({"conformsTo": ["http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"]}), "application/json")
        if rest == ["collections"]:
            return self.out(json.dumps({"collections": [collection(n) for n in TABLES], "links": []}), "application/json")
        if rest[0] != "collections" or rest[1] not in TABLES:
            return self.out("no such page", "text/plain", 404)
        if len(rest) == 2:
            return self.out(json.dumps(collection(rest[1])), "application/json")
        epsg, kind, fields, _ = TABLES[rest[1]]
        rows, total = chosen(q, rest[1], "api")
        start, most = int(q.get("offset", 0)), min(int(q.get("limit", 10)), 10)
        names = [f.split(":")[0] for f in fields.split()]
        shape = lambda c: {"type": kind.split("=")[-1], "coordinates": c} if c else None
        found = [{"type": "Feature", "id": f"{rest[1]}.{i}", "geometry": shape(c), "properties": {n: v for n, v in zip(names, values) if v is not None or i % 2}} for i, values, c in rows[start:start + most]]
        links = [link("next", f"/collections/{rest[1]}/items?" + urllib.parse.urlencode({**q, "offset": start + most, "limit": most}), "application/geo+json")] if start + most < total else []
        self.out(json.dumps({"type": "FeatureCollection", "numberMatched": total, "numberReturned": len(found), "features": found, "links": links}), "application/geo+json")


class Service(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def serve(port):
    Service(("127.0.0.1", port), Handler).serve_forever()


class Server:
    """The server, in a process of its own on a free port."""

    def __init__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process = subprocess.Popen(["/usr/bin/python3", os.path.abspath(__file__), "serve", str(self.port)])
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def wfs(port, name, path="wfs", version="auto", more="", epsg=None):
    return (f" pagingEnabled='true' preferCoordinatesForWfsT11='false' restrictToRequestBBOX='1' srsname='EPSG:{epsg or TABLES[name][0] or 4326}' typename='my:{name}'"
            f" url='http://127.0.0.1:{port}/{path}' version='{version}'{more}")


def api(port, name, more=""):
    return f" pagingEnabled='true' restrictToRequestBBOX='1' srsname='EPSG:4326' typename='{name}' url='http://127.0.0.1:{port}/api' version='OGC_API_FEATURES'{more}"


def write(folder, port):
    from package_kit import case, make

    @case("21_web_wfs")
    def versions(c):
        for path, version in (("wfs", "auto"), ("wfs10", "1.0.0"), ("wfs11", "1.1.0"), ("wfs20", "2.0.0"), ("paged/wfs", "auto"), ("zip/wfs", "auto"), ("zip/paged/wfs", "2.0.0")):
            for name in ("trees", "areas", "ways"):
                c.add(wfs(port, name, path, version), f"{name} {path}", "WFS")
        for name in ("codes", "kinds", "texts", "none", "parts", "lines", "any", "places"):
            c.add(wfs(port, name), name, "WFS")
        c.add(wfs(port, "keyless"), "keyless", "WFS")
        c.add(wfs(port, "trees"), "direct", "WFS", action="no_action")
        c.add(wfs(port, "trees", more=" maxNumFeatures='7'"), "seven", "WFS")
        c.add(wfs(port, "trees").replace("my:trees", "my:gone"), "gone", "WFS", valid=False)
        c.add(f"http://127.0.0.1:{port}/wfs?SERVICE=WFS&VERSION=1.1.0&REQUEST=GetFeature&TYPENAME=my:trees&SRSNAME=EPSG:4326", "old", "WFS")

    @case("22_web_filters")
    def filters(c):
        for i, (name, text) in enumerate((("trees", '"n" > 60'), ("trees", "\"name\" like 'row 1%'"), ("areas", "\"label\" like 'Area 2%'"))):
            quoted = text.replace("'", "\\'")
            for path, version in (("wfs", "auto"), ("wfs10", "1.0.0"), ("paged/wfs", "auto")):
                c.add(wfs(port, name, path, version, f" filter='{quoted}'"), f"filter {i} {path}", "WFS")
        c.add(wfs(port, "trees"), "all", "WFS")
        c.add(api(port, "trees", " filter='\"n\" > 60'"), "api", "OAPIF")

    @case("23_web_api")
    def collections(c):
        for name in ("trees", "codes", "kinds", "texts", "none", "keyless", "parts", "any"):
            c.add(api(port, name), name, "OAPIF")
        c.add(api(port, "gone"), "gone", "OAPIF", valid=False)

    @case("24_web_area")
    def area(c):
        for path, version in (("wfs", "auto"), ("wfs10", "1.0.0"), ("wfs11", "1.1.0"), ("paged/wfs", "auto")):
            for name in ("trees", "areas", "ways", "codes"):
                c.add(wfs(port, name, path, version), f"{name} {path}", "WFS")
        c.add(api(port, "trees"), "api", "OAPIF")
        c.p.writeEntry("qfieldsync", "/offlineCopyOnlyAoi", True)
        c.p.writeEntry("qfieldsync", "/areaOfInterest", "Polygon ((7.05 45.9, 7.18636 45.9, 7.18636 46.9551, 7.05 46.955, 7.05 45.9))")
        c.p.writeEntry("qfieldsync", "/areaOfInterestCrs", "EPSG:4326")

    make(folder)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    write(sys.argv[1], int(sys.argv[2]))
