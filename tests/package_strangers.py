"""More cases of package_projects.py, which imports it: what projects hold whose authors never thought of packages."""
import os, re, zipfile

from package_kit import case, create, gdal, ogr, png, points, put, raster, sql, table
from qgis.PyQt.QtCore import QVariant
from qgis.PyQt.QtGui import QColor
from qgis.core import (Qgis, QgsAction, QgsAnnotationLayer, QgsAnnotationPointTextItem, QgsConditionalStyle, QgsCoordinateReferenceSystem, QgsDefaultValue, QgsDiagramSettings, QgsEditorWidgetSetup, QgsField,
                       QgsFieldConstraints, QgsGraduatedSymbolRenderer, QgsHeatmapRenderer, QgsInvertedPolygonRenderer, QgsLayoutFrame, QgsLayoutItemAttributeTable, QgsLayoutItemLegend, QgsLayoutItemMap,
                       QgsLayoutItemPicture, QgsLayoutSize, QgsMapThemeCollection, QgsMarkerSymbol, QgsNullSymbolRenderer, QgsPalLayerSettings, QgsPieDiagram, QgsPointXY, QgsPrintLayout, QgsProject, QgsProperty,
                       QgsRelation, QgsRendererRange, QgsRuleBasedLabeling, QgsRuleBasedRenderer, QgsSingleCategoryDiagramRenderer, QgsSymbol, QgsSymbolLayer, QgsVectorLayer, QgsVectorLayerJoinInfo, QgsWkbTypes)


@case("21_shared")
def shared(c):
    """One GeoPackage with everything in it, many layers of it, each wanted otherwise."""
    ds = c.gpkg("project/all of it.gpkg")
    table(ds, "trees", "Point", 2056, "kind:text height:real seen:datetime done:bool", [(f"POINT({2600000 + i * 10} 1200000)", "abc"[i % 3], i / 4, f"2024-03-01T10:0{i % 9}:00Z", i % 2) for i in range(30)])
    table(ds, "roads", "MultiLineString", 2056, "name:text class:int16", [(f"MULTILINESTRING(({2600000 + i * 10} 1200000,{2600050 + i * 10} 1200100))", f"Straße {i}", i % 4) for i in range(9)])
    table(ds, "lists", None, 0, "code:text label:text", [(None, k, f"label {k}") for k in "abc"])
    ds = None
    raster(c.path("project/all of it.gpkg"), "GPKG", bands=3, options=["RASTER_TABLE=ortho", "APPEND_SUBDATASET=YES"])
    sql(c.path("project/all of it.gpkg"), "CREATE VIEW high AS SELECT fid AS OGC_FID, geom, kind, height FROM trees WHERE height > 3;"
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('high', 'features', 'high trees', 2056);"
        "INSERT INTO gpkg_geometry_columns VALUES ('high', 'geom', 'POINT', 2056, 0, 0);"
        "CREATE VIEW counts AS SELECT kind, count(*) AS n FROM trees GROUP BY kind;"
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('counts', 'attributes', 'counts', 0);"
        "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_name TEXT, styleName TEXT, styleQML TEXT, useAsDefault BOOLEAN);"
        "INSERT INTO layer_styles (f_table_name, styleName, styleQML, useAsDefault) VALUES ('trees', 'x', '<qgis/>', 1);"
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('layer_styles', 'attributes', 'layer_styles', 0);")
    d = "{}/project/all of it.gpkg|layername="
    for n in ("high", "counts", "lists", "roads", "layer_styles"):
        c.add(d + n, n)
    for i, (f, a) in enumerate((("", None), ("|subset=\"kind\" = 'a'", None), ("|subset=\"kind\" = 'a' AND height > 2", "offline"), ("|subset=\"kind\" LIKE 'B'", "copy"), ("", "no_action"), ("", "remove"), ("|subset=done", "keep_existent"))):
        l = c.add(d + "trees" + f, f"trees {i}", action=a)
        l.setReadOnly(i == 1)
        l.setScaleBasedVisibility(i % 2 == 0)
        l.setMinimumScale(10000)
        l.setOpacity(1 - i / 10)
        l.setFieldAlias(1, f"alias {i}")
    c.add("GPKG:{}/project/all of it.gpkg:ortho", "ortho", "gdal", "raster")
    c.add("{}/project/all of it.gpkg|layerid=1", "by number")
    c.p.setCrs(QgsCoordinateReferenceSystem("EPSG:2056"))


@case("22_groups", qgz=True)
def groups(c):
    """Groups in groups, layers and groups of another project, annotations, themes."""
    ds = create(c.path("other/o.gpkg"))
    for n in ("one", "two", "three"):
        table(ds, n, "Polygon", 4326, "name:text", [("POLYGON((0 0,1 0,1 1,0 0))", n)])
    ds = None
    other = QgsProject()
    layers = [QgsVectorLayer(c.path("other/o.gpkg") + f"|layername={n}", f"other {n}", "ogr") for n in ("one", "two", "three")]
    other.addMapLayers(layers, False)
    g = other.layerTreeRoot().addGroup("Basis & more")
    g.addLayer(layers[0])
    g.addGroup("deeper").addLayer(layers[1])
    other.layerTreeRoot().addGroup("alone").addLayer(layers[2])
    other.write(c.path("other/other.qgs"))
    ds = create(c.path("d.gpkg"))
    for n in range(9):
        table(ds, f"t{n}", "Point", 4326, "name:text kind:int", points(4, lambda i: f"{n}.{i}", lambda i: i % 3))
    ds = None
    made = [c.add(f"{{}}/d.gpkg|layername=t{n}", f"Thema {n}", tree=False) for n in range(9)]
    root = c.p.layerTreeRoot()
    at = root
    for depth in range(5):
        at = at.addGroup(f"Ebene {depth} <&>")
        at.addLayer(made[depth])
        at.setExpanded(depth % 2 == 0)
    choice = root.addGroup("only one")
    for l in made[5:8]:
        choice.addLayer(l)
    choice.addGroup("within").addLayer(made[8])
    choice.setIsMutuallyExclusive(True, 2)
    note = QgsAnnotationLayer("Notes", QgsAnnotationLayer.LayerOptions(c.p.transformContext()))
    note.setCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    note.addItem(QgsAnnotationPointTextItem("text & <text>", QgsPointXY(7, 46)))
    c.p.addMapLayer(note)
    for l in made:
        s = QgsMarkerSymbol.createSimple({"color": "#aa5500"})
        top = QgsRuleBasedRenderer.Rule(None)
        for k in range(3):
            r = QgsRuleBasedRenderer.Rule(s.clone(), 0, 0, f"\"kind\" = {k}", f"kind {k}")
            r.setRuleKey(f"{{rule-{l.name()[-1]}-{k}}}")
            top.appendChild(r)
        l.setRenderer(QgsRuleBasedRenderer(top))
    themes = c.p.mapThemeCollection()
    for t in range(6):
        record = QgsMapThemeCollection.MapThemeRecord()
        rows = []
        for l in made[t:t + 4]:
            row = QgsMapThemeCollection.MapThemeLayerRecord(l)
            row.isVisible = t % 2 == 0
            row.usingCurrentStyle = True
            row.currentStyle = "default"
            row.usingLegendItems = True
            row.checkedLegendItems = {f"{{rule-{l.name()[-1]}-{k}}}" for k in range(t % 3)}
            row.expandedLegendItems = {f"{{rule-{l.name()[-1]}-0}}"}
            row.expandedLayerNode = t % 3 == 0
            rows.append(row)
        record.setLayerRecords(rows)
        record.setHasExpandedStateInfo(True)
        record.setExpandedGroupNodes({"Ebene 0 <&>", "Ebene 0 <&>/Ebene 1 <&>", "only one"})
        record.setCheckedGroupNodes({"only one"})
        themes.insert(f"Thema {t} & '<\">'", record)
    root.addChildNode(c.p.createEmbeddedGroup("Basis & more", c.path("other/other.qgs"), [layers[1].id()]))
    root.addChildNode(c.p.createEmbeddedGroup("alone", c.path("other/other.qgs"), []))
    c.p.setCustomVariables({"who": "Anna & <Bert>", "list": "a;b", "größe": "5"})
    c.p.setTitle("")


@case("23_styles")
def styles(c):
    """Renderers, labels, diagrams, layouts, actions: everything that names fields, layers and pictures."""
    ds = c.gpkg()
    table(ds, "sites", "Point", 4326, "name:text kind:int angle:real size:real photo:text parent:int", points(20, lambda i: f"Site {i}", lambda i: i % 4, lambda i: i * 17.5, lambda i: 1 + i / 5, lambda i: f"img/{i % 3}.png", lambda i: i % 5))
    table(ds, "zones", "Polygon", 4326, "code:text area_m:real", [(f"POLYGON(({7 + i * .05} 46,{7.04 + i * .05} 46,{7.04 + i * .05} 46.04,{7 + i * .05} 46))", f"Z{i}", i * 10.5) for i in range(5)])
    table(ds, "codes", None, 0, "code:text label:text price:real", [(None, f"Z{i}", f"Zone {i}", i * 1.5) for i in range(5)])
    table(ds, "visits", None, 0, "site:int at:date who:text", [(None, i % 20 + 1, f"2024-01-{i % 28 + 1:02d}", "a") for i in range(40)])
    ds = None
    for i in range(3):
        c.write(f"img/{i}.png", png(8, 8, (i * 80, 20, 200)))
    c.write("img/north & south.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>')
    sites, zones, codes, visits = (c.add(f"{{}}/d.gpkg|layername={n}", n.title()) for n in ("sites", "zones", "codes", "visits"))
    heat, inverted, none = c.add("{}/d.gpkg|layername=sites", "Heat"), c.add("{}/d.gpkg|layername=zones", "Inverted"), c.add("{}/d.gpkg|layername=sites", "Unseen")
    symbol = QgsMarkerSymbol.createSimple({"name": "square", "color": "#123456"})
    symbol.setDataDefinedSize(QgsProperty.fromField("size"))
    symbol.setDataDefinedAngle(QgsProperty.fromExpression("\"angle\" + aggregate('Zones', 'count', \"code\")"))
    symbol.symbolLayer(0).setDataDefinedProperty(QgsSymbolLayer.PropertyFillColor, QgsProperty.fromExpression(f"if(aggregate('{zones.id()}', 'sum', \"area_m\") > 5, 'red', @project_color)"))
    sites.setRenderer(QgsGraduatedSymbolRenderer("\"size\" * 2", [QgsRendererRange(i, i + 2, symbol.clone(), f"{i} – {i + 2} < & >") for i in (0, 2, 4, 6, 8)]))
    heat.setRenderer(QgsHeatmapRenderer())
    inverted.setRenderer(QgsInvertedPolygonRenderer())
    none.setRenderer(QgsNullSymbolRenderer())
    rules = QgsRuleBasedLabeling.Rule(None)
    for e in ("\"kind\" = 1", "ELSE"):
        s = QgsPalLayerSettings()
        s.fieldName = "\"name\" || '\n' || represent_value(\"kind\") || get_feature('Codes', 'code', 'Z1')"
        s.isExpression = True
        s.dataDefinedProperties().setProperty(QgsPalLayerSettings.Size, QgsProperty.fromField("size"))
        rules.appendChild(QgsRuleBasedLabeling.Rule(s, 0, 0, e, "a & b"))
    sites.setLabeling(QgsRuleBasedLabeling(rules))
    sites.setLabelsEnabled(True)
    diagram = QgsSingleCategoryDiagramRenderer()
    pie = QgsDiagramSettings()
    pie.categoryAttributes, pie.categoryColors, pie.categoryLabels = ["\"size\"", "\"angle\""], [QColor("red"), QColor("blue")], ["größe", "angle"]
    diagram.setDiagram(QgsPieDiagram())
    diagram.setDiagramSettings(pie)
    none.setDiagramRenderer(diagram)
    j = QgsVectorLayerJoinInfo()
    j.setJoinLayer(codes)
    j.setJoinFieldName("code")
    j.setTargetFieldName("code")
    j.setPrefix("c & ")
    j.setJoinFieldNamesSubset(["label"])
    j.setUpsertOnEdit(True)
    j.setDynamicFormEnabled(True)
    zones.addJoin(j)
    zones.addExpressionField("round($area, 1)", QgsField("fläche", QVariant.Double, "double", 12, 1))
    zones.addExpressionField(f"relation_aggregate('x', 'count', \"fid\") + count_distinct(\"code\") + aggregate('{sites.id()}', 'max', \"size\")", QgsField("n & m", QVariant.LongLong, "int8"))
    for name, fields in (("site_visits", (visits, "site", sites, "fid")), ("tree", (sites, "parent", sites, "fid"))):
        r = QgsRelation()
        r.setId(name)
        r.setName(name + " <&>")
        r.setReferencingLayer(fields[0].id())
        r.setReferencedLayer(fields[2].id())
        r.addFieldPair(fields[1], fields[3])
        c.p.relationManager().addRelation(r)
    for l, f, e in ((sites, "kind", f"aggregate(layer:='{codes.id()}', aggregate:='max', expression:=\"price\")"), (sites, "name", "aggregate('Visits', 'count', \"fid\", \"site\" = @feature)"),
                    (visits, "site", "array_first(overlay_nearest('Sites', \"fid\"))"), (visits, "at", "to_date(now())")):
        l.setDefaultValueDefinition(l.fields().indexOf(f), QgsDefaultValue(e, f == "at"))
    sites.setEditorWidgetSetup(sites.fields().indexOf("photo"), QgsEditorWidgetSetup("ExternalResource", {"DefaultRoot": "img", "DocumentViewer": 1, "RelativeStorage": 1}))
    style = QgsConditionalStyle("@value > 3")
    style.setBackgroundColor(QColor("yellow"))
    sites.conditionalStyles().setFieldStyles("size", [style])
    sites.actions().addAction(QgsAction(QgsAction.OpenUrl, "Open & <see>", "https://example.org/?q=[% \"name\" %]&x=1", False))
    sites.actions().addAction(QgsAction(QgsAction.GenericPython, "Python", f"l = QgsProject.instance().mapLayer('{zones.id()}')", True))
    sites.setMapTipTemplate(f"<img src=\"file:///[% @project_folder %]/[% \"photo\" %]\"/>[% aggregate('{visits.id()}', 'count', 1) %]")
    zones.setConstraintExpression(zones.fields().indexOf("code"), "regexp_match(\"code\", '^Z\\\\d+$') and within($geometry, geom_from_wkt('POLYGON((0 0,99 0,99 99,0 0))'))", "Z & number")
    zones.setFieldConstraint(zones.fields().indexOf("code"), QgsFieldConstraints.ConstraintExpression, QgsFieldConstraints.ConstraintStrengthSoft)
    page = QgsPrintLayout(c.p)
    page.initializeDefaults()
    page.setName("Atlas & <Blatt>")
    m = QgsLayoutItemMap(page)
    m.attemptResize(QgsLayoutSize(100, 100))
    m.setLayers([sites, zones])
    m.setAtlasDriven(True)
    page.addLayoutItem(m)
    legend = QgsLayoutItemLegend(page)
    legend.setLinkedMap(m)
    legend.setAutoUpdateModel(False)
    legend.model().rootGroup().removeAllChildren()
    legend.model().rootGroup().addLayer(sites)
    page.addLayoutItem(legend)
    picture = QgsLayoutItemPicture(page)
    picture.setPicturePath(c.path("img/north & south.svg"))
    page.addLayoutItem(picture)
    rows = QgsLayoutItemAttributeTable(page)
    rows.setVectorLayer(visits)
    page.addMultiFrame(rows)
    frame = QgsLayoutFrame(page, rows)
    rows.addFrame(frame)
    page.atlas().setEnabled(True)
    page.atlas().setCoverageLayer(zones)
    page.atlas().setPageNameExpression("\"code\"")
    page.atlas().setFilterFeatures(True)
    page.atlas().setFilterExpression("\"area_m\" > 1")
    c.p.layoutManager().addLayout(page)


FID = "fid:int name:text(20) r:real day:date"


@case("24_formats")
def formats(c):
    """Formats that nobody collects data in, and everybody has some of."""
    few = [(f"POINT({7 + i} 46)", i * 10, f"Rödel {i}", i / 3, f"2024-01-0{i + 1}") for i in range(4)]
    gdal.SetConfigOption("SHAPE_ENCODING", None)  # QGIS sets it for itself
    for encoding in ("ISO-8859-1", "CP1252", "UTF-8", "CP1251"):
        ds = create(c.path(f"shp/{encoding}.shp"), "ESRI Shapefile")
        table(ds, encoding, "Point", 4326, FID, few if encoding != "CP1251" else [(w, k, "Дерево", r, d) for w, k, _, r, d in few], [f"ENCODING={encoding}"])
        ds = None
        c.add(f"{{}}/shp/{encoding}.shp", f"shape in {encoding}")
    os.remove(c.path("shp/CP1252.cpg"))
    gdal.SetConfigOption("SHAPE_ENCODING", "")
    c.add("{}/shp/CP1252.shp", "shape as the project says").setProviderEncoding("CP1252")
    c.add("{}/shp", "the folder")
    with zipfile.ZipFile(c.path("packed.zip"), "w") as z:
        for ext in ("shp", "shx", "dbf", "prj", "cpg"):
            z.write(c.path(f"shp/UTF-8.{ext}"), f"in/inner.{ext}")
    c.add("/vsizip/{}/packed.zip/in/inner.shp", "in a zip")
    ds = create(c.path("d.gpkg"))
    table(ds, "places", "Point", 4326, "name:text", [r[:1] + r[2:3] for r in few])
    ds = None
    with zipfile.ZipFile(c.path("d.gpkg.zip"), "w") as z:
        z.write(c.path("d.gpkg"), "d.gpkg")
    c.add("/vsizip/{}/d.gpkg.zip/d.gpkg|layername=places", "a packed GeoPackage")
    ds = create(c.path("lists.geojson"), "GeoJSON")
    table(ds, "lists", "Point", 4326, "fid:int tags:texts ns:ints name:text", [("POINT(1 1)", 1, ["a", "b & c"], "", "x"), ("POINT(2 1)", 2, None, None, "y")])
    ds = None
    c.write("deep.geojson", '{"type":"FeatureCollection","name":"deep","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::2056"}},"features":['
            '{"type":"Feature","id":7,"properties":{"fid":1,"o":{"a":[1,{"b":null}]},"l":[1,2.5,"x"],"b":true,"t":"2024-01-01T10:00:00+02:00","big":9007199254740993},"geometry":{"type":"Point","coordinates":[2600000,1200000,400]}},'
            '{"type":"Feature","id":9,"properties":{"fid":2,"o":null,"l":[],"b":false,"t":null,"big":-1},"geometry":{"type":"Point","coordinates":[2600001,1200000,401]}}]}')
    c.write("ids.geojson", '{"type":"FeatureCollection","features":[{"type":"Feature","id":"a","properties":{"name":"x"},"geometry":{"type":"Point","coordinates":[1,2]}}]}')
    c.write("lines.geojsonl", '{"type":"Feature","properties":{"fid":1,"n":"a"},"geometry":{"type":"Point","coordinates":[1,2]}}\n{"type":"Feature","properties":{"fid":2,"n":"b"},"geometry":{"type":"Point","coordinates":[3,2]}}\n')
    c.write("topo.topojson", '{"type":"Topology","objects":{"o":{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2],"properties":{"fid":3,"n":"t"}}]}},"arcs":[]}')
    c.write("esri.json", '{"geometryType":"esriGeometryPoint","spatialReference":{"wkid":4326},"fields":[{"name":"fid","type":"esriFieldTypeInteger"},{"name":"n","type":"esriFieldTypeString"}],"features":[{"attributes":{"fid":4,"n":"e"},"geometry":{"x":1,"y":2}}]}')
    for n in ("lists.geojson", "deep.geojson", "ids.geojson", "lines.geojsonl", "topo.topojson", "esri.json"):
        c.add("{}/" + n, n)
    for driver, name, options in (("MapInfo File", "m.mif", ["FORMAT=MIF"]), ("GML", "g3.gml", ["FORMAT=GML3.2"]), ("FlatGeobuf", "f.fgb", [])):
        ds = create(c.path(name), driver, options if driver != "FlatGeobuf" else [])
        l = table(ds, name.split(".")[0], "Polygon", 4326, FID, [(f"POLYGON(({i} 0,{i + 1} 0,{i + 1} 1,{i} 0))", *r[1:]) for i, r in enumerate(few)])
        l = ds = None
        c.add("{}/" + name, name)
    ds = create(c.path("plan.dxf"), "DXF")
    l = ds.CreateLayer("entities")
    f = ogr.Feature(l.GetLayerDefn())
    f.SetGeometry(ogr.CreateGeometryFromWkt("LINESTRING(0 0,5 5)"))
    l.CreateFeature(f)
    l = ds = None
    c.add("{}/plan.dxf|layername=entities", "dxf")
    c.write("a.kml", '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder><name>Erste &amp; letzte</name><Placemark id="p"><name>A</name><ExtendedData><Data name="fid"><value>5</value></Data></ExtendedData>'
            '<Point><coordinates>7,46,5</coordinates></Point></Placemark></Folder><Folder><name>second</name><Placemark><name>B</name><LineString><coordinates>1,1 2,2</coordinates></LineString></Placemark></Folder></Document></kml>')
    with zipfile.ZipFile(c.path("a.kmz"), "w") as z:
        z.write(c.path("a.kml"), "doc.kml")
    for n in ("a.kml|layername=Erste & letzte", "a.kml|layername=second", "a.kmz|layername=Erste & letzte"):
        c.add("{}/" + n, n)
    ds = create(c.path("plain.sqlite"), "SQLite")
    table(ds, "plain", "Point", 4326, "name:text n:int", [("POINT(1 1)", "a", 1), ("POINT(2 1)", "b", 2)])
    table(ds, "table only", None, 0, "name:text", [(None, "a")])
    ds = None
    for n in ("plain", "table only"):
        c.add("{}/plain.sqlite|layername=" + n, f"sqlite {n}")
    ds = create(c.path("base.gdb"), "OpenFileGDB")
    table(ds, "polys", "MultiPolygon", 2056, "name:text n:int at:datetime", [("MULTIPOLYGON(((0 0,1 0,1 1,0 0)))", "a", 1, "2024-01-01T10:00:00")])
    table(ds, "rows", None, 0, "name:text", [(None, "a"), (None, "b")])
    ds = None
    for n in ("polys", "rows"):
        c.add("{}/base.gdb|layername=" + n, f"gdb {n}")
    c.write("view.vrt", '<OGRVRTDataSource><OGRVRTLayer name="view"><SrcDataSource relativeToVRT="1">plain.csv</SrcDataSource><SrcLayer>plain</SrcLayer><GeometryType>wkbPoint</GeometryType><LayerSRS>EPSG:4326</LayerSRS>'
            '<GeometryField encoding="PointFromColumns" x="x" y="y"/></OGRVRTLayer></OGRVRTDataSource>')
    c.write("plain.csv", "fid,x,y,name\n1,7,46,a\n2,8,46,b\n")
    c.add("{}/view.vrt|layername=view", "a virtual file")
    c.add("{}/plain.csv|option:AUTODETECT_TYPE=YES|option:X_POSSIBLE_NAMES=x|option:Y_POSSIBLE_NAMES=y", "csv with options")
    c.write("semi.tsv", "fid\tname\n1\ta\n")
    c.add("{}/semi.tsv", "tsv")


@case("25_values")
def values(c):
    """What stands in tables that nobody looked at for years."""
    ds = c.gpkg()
    table(ds, "times", "Point", 4326, "d:date t:datetime s:text", [("POINT(1 1)", "2024-02-29", "2024-06-01T23:59:59.999+14:00", "x"), ("POINT(2 1)", "0001-01-01", "1900-01-01T00:00:00Z", ""), ("POINT(3 1)", "9999-12-31", "2024-01-01T00:00:00", None)])
    table(ds, "wide", None, 0, " ".join(f"c{i:03d}:{('int', 'text', 'real', 'date')[i % 4]}" for i in range(200)), [(None, *[i if i % 4 == 0 else f"v{i}" if i % 4 == 1 else i / 8 if i % 4 == 2 else "2024-01-01" for i in range(200)])])
    table(ds, "long", None, 0, "t:text", [(None, "ä" * 300000), (None, "\u0001\u001f & <b> \u2028 \U0001F333"), (None, "\r\n\t")])
    for n, kind, wkt in (("point", "Point", "POINT(1 1)"), ("polygon", "MultiPolygon", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))")):
        table(ds, n, kind, 4326, "name:text", [(wkt, "a"), (None, "none"), (wkt.split("(")[0] + " EMPTY", "empty")])
    ds = None
    sql(c.path("d.gpkg"), "CREATE TABLE loose (fid INTEGER PRIMARY KEY, n INTEGER, r REAL, t TEXT, d DATE, at DATETIME, b BOOLEAN, x BLOB, s TEXT(3));"
        "INSERT INTO loose VALUES (1, 1, 1, 'a', '2024-01-01', '2024-01-01T00:00:00Z', 1, x'00', 'abc'), (2, 2.0, '2.5', 5, '2024-01-01', '2024-01-01T00:00:00.000Z', 0, NULL, 'toolong'),"
        " (3, NULL, 1e300, '', NULL, NULL, NULL, x'', 'ü');"
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('loose', 'attributes', 'loose', 0);"
        "CREATE TABLE minus (fid INTEGER PRIMARY KEY, t TEXT); INSERT INTO minus VALUES (-5, 'm'), (0, 'z'), (9223372036854775807, 'max');"
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('minus', 'attributes', 'minus', 0);"
        "CREATE TABLE \"from\" (\"select\" INTEGER PRIMARY KEY, \"group by\" TEXT, \"a\"\"b\" TEXT, \"geom\" TEXT, \"Geom2\" BLOB); INSERT INTO \"from\" VALUES (1, 'x', 'y', 'z', NULL);"
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('from', 'attributes', 'from', 0);"
        "CREATE TABLE gen (fid INTEGER PRIMARY KEY, a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2) STORED, c INTEGER GENERATED ALWAYS AS (a * 3) VIRTUAL); INSERT INTO gen (fid, a) VALUES (1, 5), (2, 7);"
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('gen', 'attributes', 'gen', 0);")
    for n in ("times", "wide", "long", "point", "polygon", "loose", "minus", "from", "gen"):
        c.add("{}/d.gpkg|layername=" + n, n)
    c.add("{}/d.gpkg|layername=wide|subset=\"c000\" = 0 AND \"c001\" IS NOT NULL", "wide filtered")


@case("26_pictures")
def pictures(c):
    """Rasters, tiles and meshes, at home and elsewhere."""
    raster(c.path("r/cloud.tif"), size=256, options=["COMPRESS=DEFLATE", "TILED=YES"])
    gdal.GetDriverByName("COG").CreateCopy(c.path("r/cog.tif"), gdal.Open(c.path("r/cloud.tif")))
    raster(c.path("r/with stats & more.tif"), value=3)
    d = gdal.Open(c.path("r/with stats & more.tif"))
    d.GetRasterBand(1).ComputeStatistics(False)
    d.BuildOverviews("NEAREST", [2])
    d = None
    with open(c.path("r/with stats & more.tfw"), "w") as f:
        f.write("0.01\n0\n0\n-0.01\n7.005\n46.195\n")
    raster(c.path("r/map.png"), "PNG", options=["WORLDFILE=YES"])
    c.write("r/map.png.aux.xml", "<PAMDataset><SRS>EPSG:4326</SRS></PAMDataset>")
    raster(c.path("r/members/a.tif"), value=9)
    gdal.Translate(c.path("r/part.vrt"), c.path("r/members/a.tif"), format="VRT", srcWin=[0, 0, 8, 8])
    gdal.Warp(c.path("r/warped.vrt"), c.path("r/members/a.tif"), format="VRT", dstSRS="EPSG:3857")
    for n in ("cog.tif", "with stats & more.tif", "map.png", "part.vrt", "warped.vrt"):
        c.add("{}/r/" + n, n, "gdal", "raster")
    with zipfile.ZipFile(c.path("r/packed.zip"), "w") as z:
        z.write(c.path("r/cloud.tif"), "cloud.tif")
    c.add("/vsizip/{}/r/packed.zip/cloud.tif", "packed raster", "gdal", "raster")
    c.write("m.2dm", "MESH2D\nND 1 0 0 1\nND 2 1 0 2\nND 3 1 1 3\nE3T 1 1 2 3 1\n")
    c.add("{}/m.2dm", "mesh", "mdal", "mesh")
    d = None
    sql(c.path("v.mbtiles"), "CREATE TABLE metadata (name TEXT, value TEXT); INSERT INTO metadata VALUES ('name', 'v'), ('format', 'pbf'), ('minzoom', '0'), ('maxzoom', '1'), ('bounds', '-180,-85,180,85'), ('json', '{\"vector_layers\":[{\"id\":\"a\",\"fields\":{}}]}');"
        "CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB); INSERT INTO tiles VALUES (0, 0, 0, x'1f8b0800000000000003030000000000000000');")
    c.add("type=mbtiles&url={}/v.mbtiles", "vector tiles", kind="tiles")
    c.add("type=xyz&url=https://example.org/%7Bz%7D/%7Bx%7D/%7By%7D.pbf&zmax=14&zmin=0", "tiles online", kind="tiles")
    c.add("type=xyz&url=https://example.org/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=19&zmin=0", "xyz online", "wms", "raster")
    c.add("crs=EPSG:3857&dpiMode=7&format=image/png&layers=a&styles&url=http://127.0.0.1:1/wms?map%3Dx%26y%3D1", "wms online", "wms", "raster", valid=False)
    c.add("contextualWMSLegend=0&crs=EPSG:3857&format=image/png&layers=b&styles=default&tileMatrixSet=m&url=http://127.0.0.1:1/wmts", "wmts online", "wms", "raster", valid=False)


@case("27_odd_names", at="a & b/Project 'x' [1] {2} $3 @4 ; , = +.qgs")
def odd_names(c):
    """Names and paths with every character that some grammar reserves."""
    odd = ("a|b", "c&d", "e'f", "g%zh", "i#j", "k?l", "m=n", "o;p", "q,r", "s t", "(u)", "[v]", "{w}", "x+y", "z~", "$a", "@b", "!c", "^d", "`e", "ünï", "日本", "שלום", "🌲", "-dash", ".hidden", "a.b.c")
    for i, n in enumerate(odd):
        where = f"a & b/{n}/{n}.gpkg" if i % 2 and n != "a|b" else f"a & b/p{i}.gpkg"
        ds = create(c.path(where))
        table(ds, f"t{i}" if n[0] in "([{$@!^`-." or "|" in n else n, "Point", 4326, [f"{n}:text", "n:int"], points(2, lambda k: n, lambda k: k))
        ds = None
        l = c.add("{}/" + where + "|layername=" + (f"t{i}" if n[0] in "([{$@!^`-." or "|" in n else n) + (f"|subset=\"n\" < 1 AND '{n.replace(chr(39), chr(39) * 2)}' <> ''" if i % 3 == 0 else ""), f"{n} \"{i}\" <&>", action="copy" if i % 5 == 0 else None)
        l.setFieldAlias(1, f"<{n}>")
    for n in ("c&d", "e'f", "g%20h", "ünï"):
        c.write(f"a & b/text/{n}.csv", "fid,x,y\n1,2,3\n")
        c.add("{}/a & b/text/" + n + ".csv", f"csv {n}")
        raster(c.path(f"a & b/ras/{n}.tif"))
        c.add("{}/a & b/ras/" + n + ".tif", f"raster {n}", "gdal", "raster")


@case("28_text")
def text(c):
    """Text tables in all their dialects."""
    d = "file://{}/"
    c.write("semi.csv", "# comment\n# more\nfid;name;lon;lat;z;when;n\n1;'a; b';7,5;46,25;400;2024-01-01;1\n2;'it''s';7,6;46,5;401;2024-01-02;2\n3;;;;;;\n")
    c.write("dms.csv", "fid,lat,lon\n1,46 15 30 N,7 30 0 E\n2,46°15'30\"S,7°30'W\n3,bad,1\n")
    c.write("wkt.txt", "fid|shape|name\n1|POINT Z (1 2 3)|a\n2|MULTIPOINT Z ((1 2 3),(4 5 6))|b\n3||c\n4|LINESTRING(0 0,1 1)|d\n")
    c.write("poly.csv", "fid,g\n1,\"POLYGON((0 0,1 0,1 1,0 0))\"\n2,\"MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((3 3,4 3,4 4,3 3)))\"\n3,\"POLYGON EMPTY\"\n4,\"CURVEPOLYGON(CIRCULARSTRING(0 0,1 1,2 0,1 -1,0 0))\"\n")
    c.write("head.csv", "1,a,5\n2,b,6\n")
    c.write("dup.csv", "fid,name,name,,other\n1,a,b,c,d\n2,e,f,g,h,extra\n3\n\n4,x\n")
    c.write("white.txt", "fid  name   n\n1 a  2\n2  b 3\n")
    c.write("trim.csv", " fid , name \n 1 , a \n 2 ,  \n")
    c.write("cr.csv", b"\xef\xbb\xbffid,name\r\n1,\"a\r\nb\"\r\n2,c\r\n")
    c.write("utf16.csv", "fid,name\n1,größe\n".encode("utf-16"))
    c.write("pt.csv", "fid,x,y\n1,1e3,2\n2,,2\n3,abc,1\n4, 5 ,6\n5,NaN,1\n")
    c.write("bool.csv", "fid,b,t,dt\n1,true,10:00,2024-01-01T10:00:00Z\n2,false,11:30:15,2024-06-01T10:00:00+02:00\n")
    for name, source in (("semi", "semi.csv?type=csv&delimiter=;&quote='&escape='&skipLines=2&decimalPoint=,&xField=lon&yField=lat&zField=z&crs=EPSG:4326&spatialIndex=yes"),
                         ("dms", "dms.csv?type=csv&xField=lon&yField=lat&xyDms=yes&crs=EPSG:4326"), ("polygons", "poly.csv?type=csv&wktField=g&geomType=Polygon"), ("no header", "head.csv?type=csv&useHeader=no&geomType=none"),
                         ("dup", "dup.csv?type=csv&geomType=none"), ("dup skip", "dup.csv?type=csv&geomType=none&skipEmptyFields=yes"), ("white", "white.txt?type=whitespace&geomType=none"),
                         ("regexp", "white.txt?type=regexp&delimiter=%5Cs%2B&geomType=none"), ("trim", "trim.csv?type=csv&trimFields=yes&geomType=none"), ("bom and cr", "cr.csv?type=csv&geomType=none"),
                         ("utf16", "utf16.csv?type=csv&geomType=none&encoding=UTF-16"), ("points", "pt.csv?type=csv&xField=x&yField=y"), ("bools", "bool.csv?type=csv&geomType=none"),
                         *((f"wkt {g}", f"wkt.txt?type=csv&delimiter=%7C&wktField=shape&crs=EPSG:2056{g}") for g in ("", "&geomType=Point", "&geomType=Line", "&geomType=none"))):
        c.add(d + source, name, "delimitedtext")
    for n in ("semi", "dms", "dup", "head", "pt", "cr", "bool"):
        c.add("{}/" + n + ".csv", "ogr " + n)


@case("29_absolute")
def absolute(c):
    """Paths as they are on the author's computer, which here is the upload."""
    ds = c.gpkg()
    table(ds, "t", "Point", 4326, "name:text", points(3, lambda i: "a"))
    ds = None
    raster(c.path("r.tif"))
    c.write("t.csv", "fid,x,y\n1,2,3\n")
    ds = create(c.path("l.sqlite"), "SQLite", ["SPATIALITE=YES"])
    table(ds, "s", "Point", 4326, "n:int", [("POINT(1 1)", 1)])
    ds = None
    c.p.setFilePathStorage(Qgis.FilePathType.Absolute)
    c.add("{}/d.gpkg|layername=t", "t")
    c.add("{}/r.tif", "r", "gdal", "raster")
    c.add("file://{}/t.csv?type=csv&xField=x&yField=y", "csv", "delimitedtext")
    c.add("dbname='{}/l.sqlite' table=\"s\" (GEOMETRY)", "s", "spatialite")
    c.add("/nowhere/x.gpkg|layername=t", "away", valid=False)


@case("30_odd_tables")
def odd_tables(c):
    """Tables that other programs made."""
    ds = c.gpkg()
    table(ds, "t", "Point", 4326, "name:text", points(3, lambda i: "a"))
    ds = None
    listed = lambda n, kind="attributes", srs_id=0, name=None: f"INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('{n}', '{kind}', '{name or n}', {srs_id});" + (
        f"INSERT INTO gpkg_geometry_columns VALUES ('{n}', 'geom', 'POINT', {srs_id}, 0, 0);" if kind == "features" else "")
    sql(c.path("d.gpkg"), "CREATE TABLE unlisted (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO unlisted VALUES (1,'a');"
        "CREATE TABLE flat (id INTEGER PRIMARY KEY, v TEXT) WITHOUT ROWID; INSERT INTO flat VALUES (3,'a'),(7,'b');" + listed("flat", name="another identifier") +
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, t INTEGER, v TEXT); INSERT INTO notes VALUES (10, 1, 'x'), (11, 1, 'y'), (12, 3, 'z'), (13, 9, 'of none');"
        "CREATE VIEW joined AS SELECT n.id AS OGC_FID, t.geom, n.v, t.name FROM t JOIN notes n ON n.t = t.fid;" + listed("joined", "features", 4326) +
        "CREATE TABLE bound (k INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER UNIQUE NOT NULL, b TEXT NOT NULL DEFAULT '', c TEXT COLLATE NOCASE, d INTEGER REFERENCES t(fid), e DOUBLE NOT NULL DEFAULT 1.5 CHECK (e > 0),"
        " f TEXT NOT NULL DEFAULT (upper('x')), g DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, UNIQUE(b,c)); INSERT INTO bound (a, b) VALUES (1, 'x'), (2, 'y');" + listed("bound") +
        "CREATE TABLE undefined (fid INTEGER PRIMARY KEY, geom POINT, v TEXT); INSERT INTO undefined SELECT fid, geom, name FROM t;" + listed("undefined", "features", -1) +
        "CREATE TABLE geographic (fid INTEGER PRIMARY KEY, geom POINT, v TEXT); INSERT INTO geographic SELECT fid, geom, name FROM t;" + listed("geographic", "features", 0))
    for n in ("t", "flat", "joined", "bound", "undefined", "geographic"):
        c.add("{}/d.gpkg|layername=" + n, n)
    c.add("{}/d.gpkg|layername=bound|subset=SELECT * FROM bound WHERE a > 1", "a query of what is bound")
    c.add("{}/d.gpkg|option:LIST_ALL_TABLES=YES|layername=unlisted", "unlisted")
    ds = create(c.path("l.sqlite"), "SQLite", ["SPATIALITE=YES"])
    table(ds, "s", "Point", 4326, "n:int", [("POINT(1 1)", 1)])
    ds = None
    sql(c.path("l.sqlite"), "CREATE TABLE bound (k INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER UNIQUE NOT NULL DEFAULT 7, b TEXT NOT NULL DEFAULT '', e DOUBLE NOT NULL DEFAULT 1.5, f TEXT NOT NULL DEFAULT (upper('x')),"
        " g DATE NOT NULL DEFAULT CURRENT_DATE, h INTEGER NOT NULL DEFAULT (1 + 2)); INSERT INTO bound (b) VALUES ('x')")
    c.add("dbname='{}/l.sqlite' table=\"bound\"", "lite", "spatialite")
    c.add("{}/l.sqlite|layername=bound", "lite by ogr")
    ds = create(c.path("o.gdb"), "OpenFileGDB")
    table(ds, "ZM", "PointZM", 2056, "a:int16 b:float c:text(5) fid:int", [("POINT ZM (1 2 3 4)", 1, 1.5, "abcde", 7), (None, None, None, None, 8)])
    table(ds, "own", "Point", 4326, "a:int", [("POINT(1 1)", 1)], ["FID=MyId", "GEOMETRY_NAME=Form"])
    ds = None
    for n in ("ZM", "own"):
        c.add("{}/o.gdb|layername=" + n, "gdb " + n)
    ds = create(c.path("sh/n.shp"), "ESRI Shapefile")
    table(ds, "n", "Polygon25D", 4326, "fid:int64 r:real(10.3) l:text(254) big:int64(18) d:date", [("POLYGON Z ((0 0 1,1 0 2,1 1 3,0 0 1))", 1, 1.25, "x" * 254, 123456789012345678, "2024-01-01"), (None, 2, None, None, None, None)])
    ds = None
    ds = create(c.path("only.dbf"), "ESRI Shapefile")
    table(ds, "only", None, 0, "fid:int v:text(5)", [(None, 1, "a")])
    ds = None
    for n in ("sh/n.shp", "sh/n.dbf", "only.dbf"):
        c.add("{}/" + n, n)
    for driver, name in (("XLSX", "x.xlsx"), ("ODS", "x.ods")):
        ds = create(c.path(name), driver)
        table(ds, "S", None, 0, "fid:int d:date t:datetime tm:time r:real s:text", [(None, 1, "2024-01-01", "2024-01-01T10:00:00", "10:00:00", 1.5, "ü"), (None, 2, None, None, None, None, None)])
        ds = None
        c.add("{}/" + name + "|layername=S", name)
    ds = create(c.path("p.sqlite"), "SQLite")
    table(ds, "w", "Polygon", 4326, "name:text f:float b:bool d:date t:datetime tm:time j:json", [("POLYGON((0 0,1 0,1 1,0 0))", "a", 1.5, 1, "2024-01-01", "2024-01-01T00:00:00", "10:00:00", "{}")], ["FORMAT=WKT"])
    table(ds, "other key", "Point", 4326, "a:int", [("POINT(1 1)", 1)], ["FID=id"])
    ds = None
    for n in ("w", "other key"):
        c.add("{}/p.sqlite|layername=" + n, "sqlite " + n)
    c.write("g.gml", '<?xml version="1.0"?><ogr:FeatureCollection xmlns:ogr="http://ogr.maptools.org/" xmlns:gml="http://www.opengis.net/gml"><gml:featureMember><ogr:f fid="f.1"><ogr:geometryProperty>'
            '<gml:Point srsName="EPSG:4326"><gml:coordinates>1,2</gml:coordinates></gml:Point></ogr:geometryProperty><ogr:fid>5</ogr:fid><ogr:tag>a</ogr:tag><ogr:tag>b</ogr:tag></ogr:f></gml:featureMember></ogr:FeatureCollection>')
    c.add("{}/g.gml", "two of one name, and lists")
    c.write("x.gpx", '<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"><wpt lat="46" lon="7"><ele>5</ele><time>2024-01-01T00:00:00Z</time><name>Ü</name><sym>Flag</sym></wpt>'
            '<trk><name>t</name><trkseg><trkpt lat="46" lon="7"><ele>1</ele></trkpt><trkpt lat="46.1" lon="7.2"/></trkseg></trk></gpx>')
    for n in ("waypoints", "tracks", "track_points"):
        c.add("{}/x.gpx|layername=" + n, "gpx " + n)
