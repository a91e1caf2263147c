#!/usr/bin/python3
"""Writes projects that are hard to package, with real QGIS: package_check.py packages them and asks QGIS whether the package says the same.

usage: package_projects.py FOLDER [NAME...]

One folder each below FOLDER; NAME: only those with it in their names. The same bytes each time. Those that need a PostgreSQL are in package_postgres.py.
Not part of "make check": needs python3-qgis and python3-gdal."""
import base64, os, re, sys
from urllib.parse import quote

from package_kit import case, create, gdal, make, ogr, png, points, put, raster, sql, srs, svg, table
from qgis.PyQt.QtCore import QVariant
from qgis.core import (QgsCoordinateReferenceSystem, QgsField, QgsAttributeEditorContainer, QgsAttributeEditorField, QgsAttributeEditorRelation, QgsCategorizedSymbolRenderer, QgsDefaultValue, QgsEditFormConfig,
                       QgsEditorWidgetSetup, QgsFeature, QgsFieldConstraints, QgsFillSymbol, QgsLineSymbol, QgsMapThemeCollection,
                       QgsMarkerLineSymbolLayer, QgsMarkerSymbol, QgsPalLayerSettings, QgsPolymorphicRelation, QgsProperty, QgsPropertyDefinition, QgsRasterFillSymbolLayer, QgsRasterMarkerSymbolLayer, QgsRelation,
                       QgsRendererCategory, QgsRuleBasedRenderer, QgsSingleSymbolRenderer, QgsSnappingConfig, QgsSVGFillSymbolLayer, QgsSvgMarkerSymbolLayer, QgsTolerance, QgsVectorLayerJoinInfo,
                       QgsVectorLayerSimpleLabeling)

HARD, SOFT = QgsFieldConstraints.ConstraintStrengthHard, QgsFieldConstraints.ConstraintStrengthSoft
NOT_NULL, UNIQUE = QgsFieldConstraints.ConstraintNotNull, QgsFieldConstraints.ConstraintUnique


def widget(l, field, kind, **config):
    l.setEditorWidgetSetup(l.fields().indexOf(field), QgsEditorWidgetSetup(kind, config))


def relation(c, name, child, parent, *pairs, strength=QgsRelation.Association):
    r = QgsRelation()
    r.setId(name)
    r.setName(name.title())
    r.setReferencingLayer(child.id())
    r.setReferencedLayer(parent.id())
    for a, b in pairs:
        r.addFieldPair(a, b)
    r.setStrength(strength)
    c.p.relationManager().addRelation(r)
    return c.p.relationManager().relation(name)


@case("01_forms")
def forms(c):
    ds = c.gpkg()
    table(ds, "trees", "Point", 4326, "uuid:text species:int height:real planted:date photo:text notes:text code:text(10) secret:text alive:bool seen:datetime",
          points(30, lambda i: f"{{00000000-0000-4000-8000-{i:012d}}}", lambda i: i % 4 + 1, lambda i: i * 1.25, lambda i: f"20{i % 24:02d}-03-0{i % 9 + 1}",
                 lambda i: f"DCIM/tree {i}.jpg", lambda i: None if i % 3 else "größer", lambda i: f"C{i:03d}", lambda i: "s", lambda i: i % 2, lambda i: f"2024-02-{i % 28 + 1:02d}T08:00:00.125Z"))
    table(ds, "species", None, 0, "number:int latin:text genus:text", [(None, i, f"Species {i}", "ABCD"[i % 4]) for i in range(1, 6)])
    table(ds, "visits", None, 0, "tree:text who:text at:datetime result:int", [(None, f"{{00000000-0000-4000-8000-{i % 30:012d}}}", "o'neill", f"2024-03-01T10:{i % 60:02d}:00Z", i) for i in range(90)])
    table(ds, "photos", None, 0, "of_layer:text of_id:text path:text", [(None, "trees" if i % 2 else "visits", str(i), f"DCIM/{i}.jpg") for i in range(8)])
    ds = None
    c.write("DCIM/tree 1.jpg", png())
    trees, species, visits = (c.add(f"{{}}/d.gpkg|layername={n}", n.title()) for n in ("trees", "species", "visits"))
    photos = c.add("{}/d.gpkg|layername=photos", "Photos")
    relation(c, "tree_visits", visits, trees, ("tree", "uuid"), strength=QgsRelation.Composition)
    relation(c, "tree_species", trees, species, ("species", "number"))
    relation(c, "self_parent", visits, visits, ("result", "fid"))
    q = QgsPolymorphicRelation()
    q.setId("photos_of")
    q.setName("Photos of")
    q.setReferencingLayer(photos.id())
    q.setReferencedLayerField("of_layer")
    q.setReferencedLayerExpression("@layer_name")
    q.setReferencedLayerIds([trees.id(), visits.id()])
    q.addFieldPair("of_id", "fid")
    c.p.relationManager().addPolymorphicRelation(q)
    widget(trees, "species", "ValueRelation", Layer=species.id(), LayerName="Species", LayerProviderName="ogr", LayerSource=species.publicSource(), Key="number", Value="latin",
           AllowMulti=False, AllowNull=True, FilterExpression="\"genus\" = current_value('code')", OrderByValue=True, NofColumns=1, UseCompleter=False)
    widget(visits, "tree", "RelationReference", Relation="tree_visits", ReferencedLayerId=trees.id(), ReferencedLayerName="Trees", ReferencedLayerDataSource=trees.publicSource(),
           ReferencedLayerProviderKey="ogr", AllowNULL=True, ShowForm=False, MapIdentification=True, ChainFilters=False, AllowAddFeatures=True)
    widget(trees, "photo", "ExternalResource", DocumentViewer=1, FileWidget=True, RelativeStorage=1, StorageMode=0, PropertyCollection={"name": None, "properties": {}, "type": "collection"})
    widget(trees, "secret", "Hidden")
    widget(trees, "alive", "CheckBox", CheckedState="", UncheckedState="", TextDisplayMethod=0)
    widget(trees, "height", "Range", AllowNull=True, Max=120.0, Min=0.0, Precision=2, Step=0.5, Style="SpinBox", Suffix=" m")
    widget(trees, "planted", "DateTime", allow_null=True, calendar_popup=True, display_format="dd.MM.yyyy", field_format="yyyy-MM-dd")
    widget(trees, "notes", "TextEdit", IsMultiline=True, UseHtml=False)
    widget(trees, "code", "ValueMap", map=[{"first <&>": "C001"}, {"zweite \"": "C002"}, {"<NULL>": "{2839923C-8B7D-419E-B84B-CA2FE9B80EC7}"}])
    for l, f, e, update in ((trees, "uuid", "uuid()", False), (trees, "seen", "now()", True), (trees, "code", "'C' || lpad(to_string(maximum(\"fid\") + 1), 3, '0')", False),
                            (visits, "at", "now()", False), (visits, "who", "@cloud_username", False), (trees, "height", "0", False)):
        l.setDefaultValueDefinition(l.fields().indexOf(f), QgsDefaultValue(e, update))
    for f, what, strength in (("uuid", NOT_NULL, HARD), ("uuid", UNIQUE, HARD), ("species", NOT_NULL, SOFT), ("code", UNIQUE, SOFT)):
        trees.setFieldConstraint(trees.fields().indexOf(f), what, strength)
    trees.setConstraintExpression(trees.fields().indexOf("height"), "\"height\" > 0 AND \"height\" < 120 & 'ü'", "A tree's <height> & nothing else")
    trees.setFieldConstraint(trees.fields().indexOf("height"), QgsFieldConstraints.ConstraintExpression, HARD)
    visits.setConstraintExpression(visits.fields().indexOf("result"), "\"result\" is not null", "")
    trees.setFieldAlias(trees.fields().indexOf("species"), "Art & <Sorte> \"x\"")
    trees.setFieldAlias(trees.fields().indexOf("height"), "高さ")
    trees.setFieldAlias(trees.fields().indexOf("fid"), "The number")
    cfg = trees.editFormConfig()
    cfg.setLayout(QgsEditFormConfig.TabLayout)
    cfg.clearTabs()
    tab = QgsAttributeEditorContainer("General & more", cfg.invisibleRootContainer())
    tab.setIsGroupBox(False)
    for f in ("species", "height", "planted"):
        tab.addChildElement(QgsAttributeEditorField(f, trees.fields().indexOf(f), tab))
    box = QgsAttributeEditorContainer("Box", tab)
    box.setIsGroupBox(True)
    for f in ("notes", "photo", "fid"):
        box.addChildElement(QgsAttributeEditorField(f, trees.fields().indexOf(f), box))
    tab.addChildElement(box)
    more = QgsAttributeEditorContainer("Visits", cfg.invisibleRootContainer())
    more.setIsGroupBox(False)
    more.addChildElement(QgsAttributeEditorRelation("tree_visits", c.p.relationManager().relation("tree_visits"), more))
    cfg.addTab(tab)
    cfg.addTab(more)
    cfg.setReadOnly(trees.fields().indexOf("uuid"), True)
    cfg.setLabelOnTop(trees.fields().indexOf("notes"), True)
    trees.setEditFormConfig(cfg)
    trees.setDisplayExpression("\"code\" || ' ' || \"height\"")
    trees.setMapTipTemplate("<b>[% \"code\" %]</b>")
    trees.setCustomProperty("QFieldSync/attachment_naming", '{"photo": "\'DCIM/\' || \\"uuid\\" || \'.jpg\'"}')
    trees.setCustomProperty("QFieldSync/photo_naming", '{"photo": "\'DCIM/x.jpg\'"}')
    trees.setCustomProperty("QFieldSync/relationship_maximum_visible", '{"tree_visits": 7}')
    trees.setCustomProperty("QFieldSync/is_geometry_editing_locked", "true")
    trees.setCustomProperty("QFieldSync/action", "copy")
    c.p.setTitle("Bäume & <Büsche>")
    c.p.setEvaluateDefaultValues(True)
    c.p.setAutoTransaction(True)


@case("02_tree")
def tree(c):
    ds = c.gpkg()
    for n in range(8):
        table(ds, f"t{n}", ("Point", "LineString", "Polygon", None)[n % 4], 4326, "name:text", [((f"POINT({n} 1)", f"LINESTRING({n} 1,2 2)", f"POLYGON(({n} 1,9 2,3 3,{n} 1))", None)[n % 4], f"r{n}")])
    ds = None
    root = c.p.layerTreeRoot()
    layers = [c.add(f"{{}}/d.gpkg|layername=t{n}", f"Layer {n}", tree=False, action="remove" if n == 6 else None) for n in range(8)]
    gone = c.add("{}/missing.gpkg|layername=x", "Gone", tree=False, valid=False)
    outer = root.addGroup("Außen & <innen>")
    inner = outer.addGroup("inner")
    root.addGroup("empty")
    outer.addGroup("empty too").addGroup("nested empty")
    only_gone = root.addGroup("only what goes")
    only_gone.addLayer(gone)
    only_gone.addLayer(layers[6])
    choice = root.addGroup("one of these")
    for l in layers[:2]:
        inner.addLayer(l)
    outer.addLayer(layers[2])
    for l in layers[3:6]:
        choice.addLayer(l)
    choice.setIsMutuallyExclusive(True, 1)
    root.addLayer(layers[7])
    outer.addLayer(layers[0])  # twice in the tree
    inner.setItemVisibilityChecked(False)
    outer.setExpanded(False)
    root.setHasCustomLayerOrder(True)
    root.setCustomLayerOrder([layers[5], gone, layers[0], layers[6], layers[1], layers[2], layers[4]])
    for name, which in (("Alles", layers[:6]), ("Nur <eins>", layers[1:2]), ("with the gone", [layers[0], gone, layers[6]]), ("nothing", []), ("only gone", [gone])):
        record = QgsMapThemeCollection.MapThemeRecord()
        rows = []
        for l in which:
            row = QgsMapThemeCollection.MapThemeLayerRecord(l)
            row.currentStyle = "default"
            row.usingCurrentStyle = True
            row.checkedLegendItems = {"0", "{1-2}"}
            row.usingLegendItems = True
            rows.append(row)
        record.setLayerRecords(rows)
        c.p.mapThemeCollection().insert(name, record)
    layers[0].styleManager().addStyleFromLayer("zweiter & Stil")
    layers[0].styleManager().setCurrentStyle("zweiter & Stil")
    snap = QgsSnappingConfig(c.p)
    snap.setEnabled(True)
    snap.setMode(QgsSnappingConfig.AdvancedConfiguration)
    for l in layers[:3] + [layers[6]]:
        snap.setIndividualLayerSettings(l, QgsSnappingConfig.IndividualLayerSettings(True, QgsSnappingConfig.VertexFlag, 12.5, QgsTolerance.Pixels))
    c.p.setSnappingConfig(snap)
    c.p.writeEntry("qfieldsync", "/mapThemesActiveLayers", '{"Alles": "%s"}' % layers[0].id())
    c.p.writeEntry("qfieldsync", "/initialActiveLayer", layers[1].id())
    c.p.writeEntry("qfieldsync", "/geofencingLayer", layers[2].id())
    c.p.writeEntry("Measurement", "/DistanceUnits", "meters")
    c.p.writeEntry("Identify", "/disabledLayers", [layers[1].id()])
    c.edit("<projectlayers>", '<mapcanvas name="theMapCanvas" annotationsVisible="1"><units>degrees</units><extent><xmin>0</xmin><ymin>0</ymin><xmax>9</xmax><ymax>9</ymax></extent>'
           '<rotation>0</rotation></mapcanvas><projectlayers>')


@case("03_joins")
def joins(c):
    ds = c.gpkg()
    table(ds, "plots", "Polygon", 2056, "owner:int area_m:real", [(f"POLYGON(({2600000 + i * 50} 1200000,{2600040 + i * 50} 1200000,{2600040 + i * 50} 1200040,{2600000 + i * 50} 1200000))", i % 3, i * 2.5) for i in range(9)])
    table(ds, "owners", None, 0, "number:int name:text street:text", [(None, i, f"Owner {i}", "Rue de l'Été") for i in range(3)])
    ds = None
    c.write("prices.csv", "number,price\n0,1.5\n1,2.5\n2,\n")
    plots, owners = c.add("{}/d.gpkg|layername=plots", "Plots"), c.add("{}/d.gpkg|layername=owners", "Owners")
    prices = c.add("{}/prices.csv", "Prices")
    for l, prefix, subset in ((owners, "own_", ["name"]), (prices, None, None)):
        j = QgsVectorLayerJoinInfo()
        j.setJoinLayer(l)
        j.setJoinFieldName("number")
        j.setTargetFieldName("owner")
        if prefix:
            j.setPrefix(prefix)
        if subset:
            j.setJoinFieldNamesSubset(subset)
        j.setUsingMemoryCache(True)
        j.setEditable(prefix is not None)
        plots.addJoin(j)
    all_of_it = QgsVectorLayerJoinInfo()
    all_of_it.setJoinLayer(plots)
    all_of_it.setJoinFieldName("owner")
    all_of_it.setTargetFieldName("number")
    all_of_it.setUsingMemoryCache(True)
    owners.addJoin(all_of_it)
    plots.addExpressionField("$area / 10000", QgsField("hectares", QVariant.Double, "double", 10, 3))
    plots.addExpressionField("\"own_name\" || ' & <co>'", QgsField("who", QVariant.String))
    owners.addExpressionField("array('a', 'b')", QgsField("list", QVariant.StringList, "", 0, 0, "", QVariant.String))
    for name, query in (("Young", 'select * from "Plots" where area_m > 5'), ("Counts", 'select owner, count(*) as n from "Plots" group by owner'),
                        ("Joined", 'select p.fid, p.geometry, o.name from "Plots" p join "Owners" o on p.owner = o.number')):
        refs = "".join(f"layer_ref={l.id()}&" for l in (plots, owners))
        c.add(f"?{refs}query={quote(query)}" + ("&nogeometry" if name == "Counts" else "&uid=fid" if name == "Joined" else ""), name, "virtual")
    gone = c.add("{}/nothing.csv", "Gone", valid=False)
    j = QgsVectorLayerJoinInfo()
    j.setJoinLayer(gone)
    j.setJoinFieldName("x")
    j.setTargetFieldName("owner")
    plots.addJoin(j)


@case("04_rasters")
def rasters(c):
    for i in range(4):
        raster(c.path(f"tiles/row {i // 2}/t{i}.tif"), origin=(7.0 + i % 2 * 0.16, 46.2 - i // 2 * 0.16), value=i * 20, options=["TILED=YES"])
    old = os.getcwd()
    os.chdir(c.dir)
    gdal.BuildVRT("mosaic.vrt", [f"tiles/row {i // 2}/t{i}.tif" for i in range(2)])
    gdal.BuildVRT("tiles/second.vrt", ["tiles/row 1/t2.tif", "tiles/row 1/t3.tif"])
    gdal.BuildVRT("nested.vrt", ["tiles/second.vrt", "mosaic.vrt"])
    raster(c.path("plain.tif"), origin=None)
    with open("plain.tfw", "w") as f:
        f.write("0.01\n0\n0\n-0.01\n7.005\n46.195\n")
    raster(c.path("over.tif"), size=64)
    d = gdal.Open("over.tif")
    gdal.SetConfigOption("COMPRESS_OVERVIEW", "DEFLATE")
    d.BuildOverviews("AVERAGE", [2, 4])
    d = None
    d = gdal.Open("over.tif")
    d.GetRasterBand(1).ComputeStatistics(False)
    d = None
    raster(c.path("masked.tif"))
    gdal.SetConfigOption("GDAL_TIFF_INTERNAL_MASK", "NO")
    d = gdal.Open("masked.tif", gdal.GA_Update)
    d.CreateMaskBand(gdal.GMF_PER_DATASET)
    d.GetRasterBand(1).GetMaskBand().WriteRaster(0, 0, 16, 8, b"\xff" * 128)
    d = None
    raster(c.path("ras/plain.png"), "PNG", options=["WORLDFILE=YES"])
    raster(c.path("ras/photo.jpg"), "JPEG", bands=3)
    raster(c.path("ras/img.img"), "HFA")
    raster(c.path("ras/asc.asc"), "AAIGrid")
    raster(c.path("rasters.gpkg"), "GPKG", options=["RASTER_TABLE=one"])
    raster(c.path("rasters.gpkg"), "GPKG", bands=3, options=["RASTER_TABLE=two & three", "APPEND_SUBDATASET=YES"])
    raster(c.path("base.mbtiles"), "MBTiles", size=256, epsg=3857, origin=(779236, 5803000), pixel=4.77, bands=3)
    raster(c.path("cube.nc"), "netCDF", bands=2)
    for z, x, y in ((0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1)):
        c.write(f"xyz/{z}/{x}/{y}.png", png(256, 256, (z * 90, x * 90, y * 90)))
    os.chdir(old)
    for n in ("mosaic.vrt", "nested.vrt", "tiles/second.vrt", "plain.tif", "over.tif", "masked.tif", "ras/plain.png", "ras/photo.jpg", "ras/img.img", "ras/asc.asc"):
        c.add("{}/" + n, os.path.basename(n), "gdal", "raster")
    c.add("{}/tiles/row 0/t1.tif", "a member", "gdal", "raster", action="copy")
    c.add("GPKG:{}/rasters.gpkg:one", "gpkg one", "gdal", "raster")
    c.add("GPKG:{}/rasters.gpkg:two & three", "gpkg two", "gdal", "raster")
    c.add('NETCDF:"{}/cube.nc":Band2', "net", "gdal", "raster")
    c.add("{}/base.mbtiles", "mb by gdal", "gdal", "raster")
    c.add("url=file://{}/base.mbtiles&type=mbtiles", "mb by wms", "wms", "raster")
    c.add("type=xyz&url=file://{}/xyz/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=1&zmin=0", "tiles on disk", "wms", "raster")
    c.add("{}/over.tif|option:NUM_THREADS=2", "with an option", "gdal", "raster")


@case("05_qgz", qgz=True)
def qgz(c):
    ds = c.gpkg()
    table(ds, "places", "Point", 4326, "name:text", points(6, lambda i: f"Place {i}"))
    ds = None
    places = c.add("{}/d.gpkg|layername=places", "Places")
    c.write("icon.svg", svg("#00f"))
    attached = c.p.createAttachedFile("icon.svg")
    with open(attached, "wb") as f:
        f.write(svg("#0a0"))
    name = c.p.attachmentIdentifier(attached)
    photo = c.p.createAttachedFile("ein Bild.png")
    with open(photo, "wb") as f:
        f.write(png())
    s = QgsMarkerSymbol()
    s.changeSymbolLayer(0, QgsSvgMarkerSymbolLayer(name, 6))
    places.setRenderer(QgsSingleSymbolRenderer(s))
    key = places.fields().at(places.fields().indexOf("fid"))
    aux = c.p.auxiliaryStorage().createAuxiliaryLayer(key, places)
    places.setAuxiliaryLayer(aux)
    settings = QgsPalLayerSettings()
    settings.fieldName = "name"
    defs = settings.propertyDefinitions()
    for which in (QgsPalLayerSettings.PositionX, QgsPalLayerSettings.PositionY):
        d = QgsPropertyDefinition(defs[which])
        d.setOrigin("labeling")
        aux.addAuxiliaryField(d)
        settings.dataDefinedProperties().setProperty(which, QgsProperty.fromField(f"auxiliary_storage_labeling_{d.name().lower()}"))
    places.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    places.setLabelsEnabled(True)
    for i in range(1, 4):
        f = QgsFeature(aux.fields())
        f.setAttribute(0, i)
        f.setAttribute(1, 7.0 + i)
        f.setAttribute(2, 46.0 + i)
        aux.startEditing()
        aux.addFeature(f)
        aux.commitChanges()
    c.p.auxiliaryStorage().save()


TYPES = "i16:int16 i32:int i64:int64 yes:bool r:real f:float d:date dt:datetime b:binary j:json t:text t7:text(7) leer_ä:text"


def typed(i):
    values = [i - 3, -2147483648 + i, 9223372036854775807 - i, i % 2, 1e308 / (i + 1) if i else float("nan"), 1.5 * i, f"19{70 + i}-01-01", f"2024-05-0{i + 1}T1{i}:30:15.{i}23", bytes(range(i)),
              f'{{"n": {i}, "s": "é", "l": [1, null]}}', f"z{i}\n\t'\"ü🌳", f"sieben{i}"[:7], ""]
    return values if i != 4 else [None] * 12 + [None]


@case("06_types")
def types(c):
    ds = c.gpkg("types.gpkg")
    table(ds, "every", "Point", 4326, TYPES, [(f"POINT({i} 1)", *typed(i)) for i in range(6)])
    table(ds, "none", None, 0, TYPES, [(None, *typed(i)) for i in range(6)])
    table(ds, "empty", "Polygon", 4326, TYPES)
    ds = None
    sql(c.path("types.gpkg"), "CREATE TABLE odd (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, n MEDIUMINT NOT NULL DEFAULT 7, t TINYINT, f FLOAT, u TEXT UNIQUE, v TEXT(12) NOT NULL DEFAULT 'x''y',"
        " at DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), blob BLOB, ck INTEGER CHECK (ck > 0));"
        "INSERT INTO odd (fid, n, t, f, u, v, blob, at) VALUES (1, 1, 127, 1.5, 'a', 'b', x'00ff', '2024-01-01T00:00:00.999Z'), (5, 2, -128, NULL, NULL, '', x'', '1969-12-31T23:59:59Z'),"
        " (9000000000000000000, 3, NULL, 1e-300, 'ü', 'zwölf zeichn', NULL, NULL);"
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('odd', 'attributes', 'odd', 0);"
        "CREATE VIEW seen AS SELECT fid AS OGC_FID, n, u FROM odd;"
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('seen', 'attributes', 'seen', 0);")
    for n in ("every", "none", "empty", "odd", "seen"):
        c.add(f"{{}}/types.gpkg|layername={n}", n)
    few = [(f"POINT({i} 2)", i * 10, f"row {i} ü", i / 3, f"2024-01-0{i + 1}") for i in range(5)]
    for driver, ext, options in (("ESRI Shapefile", "shp", ["ENCODING=UTF-8"]), ("GeoJSON", "geojson", []), ("FlatGeobuf", "fgb", []), ("MapInfo File", "tab", []), ("LIBKML", "kml", []), ("GML", "gml", [])):
        ds = create(c.path(f"with_fid.{ext}"), driver)
        table(ds, "with_fid", "Point", 4326, "fid:int name:text(20) r:real day:date", few, options)
        ds = None
        c.add(f"{{}}/with_fid.{ext}", f"fid in {ext}")
        if ext in ("shp", "geojson", "fgb"):
            ds = create(c.path(f"no_fid.{ext}"), driver)
            table(ds, "no_fid", "Point", 4326, "nr:int name:text(20)", [r[:3] for r in few], options)
            ds = None
            c.add(f"{{}}/no_fid.{ext}", f"no fid in {ext}")
    c.write("latin.csv", "fid;name;x;y\n1;caf\xe9;7.5;46.5\n2;na\xefve;7,5;46\n".encode("latin-1"))
    c.write("points.csv", "fid,name,x,y,when,yes,big\n1,a,7.1,46.1,2024-01-01,true,1234567890\n2,\"b \"\"q\"\", c\",7.2,46.2,2024-01-02,false,\n3,,,,,,\n4,ü,7.3,46.3,2024-01-03,true,4\n")
    c.write("wkt.csv", "FID\tname\tshape\n10\tone\tLINESTRING(0 0,1 1)\n20\ttwo\tLINESTRING(1 1,2 2)\n")
    c.write("plain.csv", "fid,name,n\n7,x,1\n8,y,\n9,\"multi\nline\",3\n")
    c.write("typed.csv", "fid,n,r,d\n1,5,1.5,2024-01-01\n2,6,2.5,2024-01-02\n")
    c.write("typed.csvt", "Integer,Integer,Real,Date\n")
    c.write("nofid.csv", "a,b\n1,2\n3,4\n")
    for n in ("points", "plain", "typed", "nofid"):
        c.add(f"{{}}/{n}.csv", f"{n} by ogr")
    d = "file://{}/"
    c.add(d + "points.csv?type=csv&xField=x&yField=y&crs=EPSG:4326&detectTypes=yes&spatialIndex=no&subsetIndex=no&watchFile=no", "points by text", "delimitedtext")
    c.add(d + "points.csv?type=csv&xField=x&yField=y&crs=EPSG:4326&detectTypes=no", "points as text", "delimitedtext")
    c.add(d + "wkt.csv?type=csv&delimiter=%5Ct&wktField=shape&geomType=Line&crs=EPSG:2056&detectTypes=yes", "wkt by text", "delimitedtext")
    c.add(d + "plain.csv?type=csv&geomType=none&detectTypes=yes", "plain by text", "delimitedtext")
    c.add(d + "latin.csv?encoding=ISO-8859-1&type=csv&delimiter=;&xField=x&yField=y&decimalPoint=,&crs=EPSG:4326&detectTypes=yes", "latin by text", "delimitedtext")
    c.add(d + "nofid.csv?type=csv&geomType=none", "nofid by text", "delimitedtext")
    c.add(d + "points.csv?type=csv&xField=x&yField=y&crs=EPSG:4326&detectTypes=yes&subset=%22name%22%20%3D%20'a'", "subset by text", "delimitedtext")
    c.write("track.gpx", '<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"><wpt lat="46" lon="7"><ele>500</ele><name>Hütte</name></wpt>'
            '<wpt lat="46.1" lon="7.1"><name>B</name></wpt><rte><name>r</name><rtept lat="46" lon="7"/><rtept lat="46.2" lon="7"/></rte>'
            '<trk><name>t</name><trkseg><trkpt lat="46" lon="7"><time>2024-01-01T00:00:00Z</time></trkpt><trkpt lat="46.1" lon="7.2"/></trkseg></trk></gpx>')
    c.add("{}/track.gpx?type=waypoint", "waypoints", "gpx")
    c.add("{}/track.gpx?type=track", "tracks", "gpx")
    c.add("{}/track.gpx|layername=routes", "routes by ogr")
    for driver, ext in (("ODS", "ods"), ("XLSX", "xlsx")):
        ds = create(c.path(f"sheet.{ext}"), driver)
        table(ds, "Blatt 1", None, 0, "fid:int name:text n:real", [(None, 1, "a", 1.5), (None, 2, "ü", None)])
        table(ds, "other", None, 0, "x:int", [(None, 4)])
        ds = None
        c.add(f"{{}}/sheet.{ext}|layername=Blatt 1", f"sheet in {ext}")
        c.add(f"{{}}/sheet.{ext}|layername=other", f"other in {ext}")
    ds = create(c.path("lite.sqlite"), "SQLite", ["SPATIALITE=YES"])
    table(ds, "spots", "Point", 4326, "i:int i64:int64 r:real t:text(9) d:date dt:datetime b:binary", [(f"POINT({i} 3)", i, 2 ** 40 + i, i / 7, "ä" * i, f"2024-02-0{i + 1}", f"2024-02-0{i + 1}T00:00:00.5", b"\0\1") for i in range(5)])
    table(ds, "list", None, 0, "t:text", [(None, "a"), (None, None)])
    ds = None
    sql(c.path("lite.sqlite"), "CREATE TABLE coded (code TEXT PRIMARY KEY, n INTEGER DEFAULT 3, big BIGINT, r DOUBLE NOT NULL DEFAULT 1.5, b BLOB, y BOOLEAN, v VARCHAR(5), d DATE, tm TIME, ts TIMESTAMP);"
        "INSERT INTO coded VALUES ('a', 1, 1, 2, x'01', 1, 'x', '2024-01-01', '10:00:00', '2024-01-01 10:00:00'), ('ü', NULL, 9223372036854775807, 3, NULL, 0, 'zzzzz', NULL, NULL, NULL);"
        "CREATE TABLE two (a INTEGER, b INTEGER, t TEXT, PRIMARY KEY (a, b)); INSERT INTO two VALUES (1, 1, 'x'), (1, 2, 'y');")
    c.add("dbname='{}/lite.sqlite' table=\"spots\" (GEOMETRY)", "spots", "spatialite")
    c.add("dbname='{}/lite.sqlite' table=\"spots\" (GEOMETRY) sql=\"i\" > 2 or t = 'ä'", "some spots", "spatialite")
    c.add("dbname='{}/lite.sqlite' table=\"list\"", "list", "spatialite")
    c.add("dbname='{}/lite.sqlite' table=\"coded\"", "coded", "spatialite")
    c.add("dbname='{}/lite.sqlite' table=\"two\"", "two", "spatialite")
    c.add("{}/lite.sqlite|layername=spots", "spots by ogr")
    c.add("{}/lite.sqlite|layername=coded", "coded by ogr")
    ds = create(c.path("old.gdb"), "OpenFileGDB")
    table(ds, "things", "MultiPoint", 4326, "name:text n:int", [("MULTIPOINT(1 1,2 2)", "a", 1)])
    ds = None
    c.add("{}/old.gdb|layername=things", "in a gdb")


@case("06_long_numbers")
def long_numbers(c):
    """QGIS 3.22 calls such a column of a text table a long integer, and gives its values as texts: no column of a GeoPackage does both."""
    c.write("long.csv", "fid,big,spaced\n1,12345678901,007\n2,, 9223372036854775807\n3,4,-1\n")
    c.add("file://{}/long.csv?type=csv&geomType=none&detectTypes=yes", "long", "delimitedtext")
    c.add("file://{}/long.csv?type=csv&geomType=none&detectTypes=no", "as text", "delimitedtext")


@case("07_geometry")
def geometry(c):
    ds = c.gpkg()
    shapes = {"pz": ("Point25D", ["POINT Z (1 2 3)", None, "POINT Z (4 5 -6.5)"]), "pm": ("PointM", ["POINT M (1 2 3)"]), "pzm": ("PointZM", ["POINT ZM (1 2 3 4)", "POINT ZM (5 6 7 8)"]),
              "lz": ("LineString25D", ["LINESTRING Z (0 0 1,1 1 2)"]), "lm": ("MultiLineStringM", ["MULTILINESTRING M ((0 0 1,1 1 2),(2 2 3,3 3 4))"]),
              "multi": ("MultiPolygon", ["MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((2 2,3 2,3 3,2 2)))", "MULTIPOLYGON EMPTY", None]), "mp": ("MultiPoint", ["MULTIPOINT(0 0,1 1)", "MULTIPOINT(3 3)"]),
              "curve": ("CompoundCurve", ["COMPOUNDCURVE((0 0,1 1),CIRCULARSTRING(1 1,2 2,3 1))"]), "cp": ("CurvePolygon", ["CURVEPOLYGON(CIRCULARSTRING(0 0,1 1,2 0,1 -1,0 0))"]),
              "ms": ("MultiSurface", ["MULTISURFACE(CURVEPOLYGON(CIRCULARSTRING(0 0,1 1,2 0,1 -1,0 0)),((5 5,6 5,6 6,5 5)))"]), "mc": ("MultiCurve", ["MULTICURVE((0 0,1 1),CIRCULARSTRING(1 1,2 2,3 1))"]),
              "gc": ("GeometryCollection", ["GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))"]),
              "any": ("Unknown", ["POINT(1 1)", "LINESTRING(0 0,1 1)", "POLYGON((0 0,1 0,1 1,0 0))", None, "POINT EMPTY", "GEOMETRYCOLLECTION(POINT(1 1))", "POINT(3 3)", "MULTIPOINT(1 2,3 4)"]),
              "hollow": ("LineString", ["LINESTRING EMPTY", None, "LINESTRING(0 0,1 1)"]), "allnull": ("Polygon", [None, None]),
              "huge": ("Point", ["POINT(1e15 -1e15)", "POINT(0.1234567890123456 -0)"]), "nocrs": ("Point", ["POINT(5 5)"])}
    for n, (t, wkts) in shapes.items():
        table(ds, n, t, 0 if n == "nocrs" else 4326, "name:text", [(w, f"{n} {i}") for i, w in enumerate(wkts)], ["GEOMETRY_NAME=the geom"] if n == "mp" else ["SPATIAL_INDEX=NO"] if n == "pz" else [])
    odd = srs('PROJCS["Own & odd",GEOGCS["x",DATUM["y",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Oblique_Stereographic"],'
              'PARAMETER["latitude_of_origin",46.3],PARAMETER["central_meridian",7.1],PARAMETER["scale_factor",0.999],PARAMETER["false_easting",100],PARAMETER["false_northing",200],UNIT["metre",1]]')
    l = ds.CreateLayer("odd_crs", odd, ogr.wkbPoint)
    put(l, "POINT(100 200)", [])
    ds = None
    for n in shapes:
        c.add(f"{{}}/d.gpkg|layername={n}", n)
    c.add("{}/d.gpkg|layername=odd_crs", "odd crs")
    for t in ("Point", "LineString", "Polygon"):
        c.add(f"{{}}/d.gpkg|layername=any|geometrytype={t}", f"any as {t}")
    other = c.add("{}/d.gpkg|layername=multi", "other crs")
    other.setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    own = QgsCoordinateReferenceSystem()
    own.createFromProj("+proj=tmerc +lat_0=45.5 +lon_0=9.25 +k=0.9999 +x_0=1234 +y_0=5678 +ellps=bessel +units=m +no_defs")
    c.add("{}/d.gpkg|layername=huge", "own crs").setCrs(own)
    unset = c.add("{}/d.gpkg|layername=nocrs", "without crs")
    unset.setCrs(QgsCoordinateReferenceSystem())
    gj = ('{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"fid":1,"v":[1,2],"o":{"a":1}},"geometry":{"type":"Point","coordinates":[1,2]}},'
          '{"type":"Feature","properties":{"fid":2,"v":null,"o":null},"geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]}},'
          '{"type":"Feature","properties":{"fid":3,"v":[],"o":{}},"geometry":null}]}')
    c.write("mixed.geojson", gj)
    c.add("{}/mixed.geojson", "mixed json")
    for t in ("Point", "LineString"):
        c.add(f"{{}}/mixed.geojson|layername=mixed|geometrytype={t}", f"mixed json as {t}")


FILTERS = ["\"n\" > 5", "name LIKE '%1'", "name in ('row 1', 'row''s', 'row|2')", "\"name\" = 'row|2'", "n IS NULL", "n between 2 and 4 OR (name like 'row _' AND NOT n = 3)", "lower(name) = 'row 7'",
           "fid < 4", "SELECT * FROM \"t\" WHERE n % 2 = 0", "select * from t where n > 3", "date > '2024-01-05'", "\"name\" = 'ü & <x>'", "cast(n as text) = '3'", "n=1 -- comment", "1=0"]


@case("08_filters")
def filters(c):
    ds = c.gpkg()
    rows = lambda: points(12, lambda i: None if i == 11 else i, lambda i: {2: "row|2", 8: "row's", 9: "ü & <x>"}.get(i, f"row {i}"), lambda i: f"2024-01-{i + 1:02d}")
    for n in ("t", "u", "v", "w"):
        table(ds, n, "Point", 4326, "n:int name:text date:date", rows())
    ds = None
    for i, f in enumerate(FILTERS):
        c.add(f"{{}}/d.gpkg|layername=t|subset={f}", f"filter {i}")
    c.add("{}/d.gpkg|layername=u|subset=n > 8", "u high")
    c.add("{}/d.gpkg|layername=u|subset=n < 3", "u low")
    c.add("{}/d.gpkg|layername=v|subset=n < 3", "v low")
    c.add("{}/d.gpkg|layername=v", "v whole")
    c.add("{}/d.gpkg|layername=w|subset=n < 0", "w none")
    c.add("{}/d.gpkg|layername=w|subset=n < 3", "w copied", action="copy")
    ds = create(c.path("f.geojson"), "GeoJSON")
    table(ds, "f", "Point", 4326, "fid:int name:text", [(f"POINT({i} 1)", i, f"g{i}") for i in range(6)])
    ds = None
    c.add("{}/f.geojson|layername=f|subset=\"fid\" > 2", "json high")
    c.add("{}/f.geojson|subset=\"name\" = 'g4'", "json g4")


@case("08_filters_elsewhere")
def filters_elsewhere(c):
    """Filters that a GeoPackage has no words for, or understands otherwise: none of them can stay."""
    ds = c.gpkg()
    table(ds, "t", "Point", 4326, "n:int name:text", points(12, lambda i: None if i == 11 else i, lambda i: f"row {i}"))
    ds = None
    ds = c.gpkg("e.gpkg")
    table(ds, "t", "Point", 4326, "n:int name:text", points(5, lambda i: i, lambda i: f"other {i}"))
    ds = None
    for i, f in enumerate(("SELECT fid, geom, name FROM t WHERE n > 3", "SELECT * FROM t ORDER BY n DESC LIMIT 3", "SELECT * FROM t WHERE n > (SELECT avg(n) FROM t)", "SELECT *, n * 2 AS m FROM t")):
        c.add(f"{{}}/d.gpkg|layername=t|subset={f}", f"query {i}")
    c.add("{}/d.gpkg|layername=t", "whole")
    for driver, ext in (("GeoJSON", "geojson"), ("ESRI Shapefile", "shp"), ("FlatGeobuf", "fgb")):
        ds = create(c.path(f"f.{ext}"), driver)
        table(ds, "f", "Point", 4326, "fid:int name:text(9) n:int", [(f"POINT({i} 1)", i, "G1" if i == 5 else f"g{i}", None if i == 3 else i) for i in range(6)])
        ds = None
        for f in ("name ILIKE 'G1'", "name = 'g1'", "name IN ('g1', 'g2')", "name <> 'G1'", "NOT n = 2", "name LIKE 'G%'", "NOT (name = 'g2' OR n > 4)"):
            c.add(f"{{}}/f.{ext}|layername=f|subset={f}", f"{ext} {f}")


@case("09_area")
def area(c):
    ds = c.gpkg()
    inside = [(f"POINT({2600000 + i * 100} {1200000 + i * 100})", i) for i in range(-10, 11)]
    table(ds, "points", "Point", 2056, "n:int", inside)
    table(ds, "lines", "LineString", 2056, "n:int", [("LINESTRING(2599000 1200000,2601000 1200000)", 1), ("LINESTRING(2590000 1190000,2591000 1191000)", 2), ("LINESTRING(2599000 1199000,2599500 1201500,2601500 1201500)", 3)])
    table(ds, "areas", "Polygon", 2056, "n:int", [("POLYGON((2500000 1100000,2700000 1100000,2700000 1300000,2500000 1300000,2500000 1100000))", 1),
                                                    ("POLYGON((2600000 1200000,2600010 1200000,2600010 1200010,2600000 1200000))", 2), ("POLYGON((2700000 1300000,2700010 1300000,2700010 1300010,2700000 1300000))", 3)])
    table(ds, "world", "Point", 4326, "n:int", [(f"POINT({7.4 + i * 0.005} 46.95)", i) for i in range(20)] + [(None, 99)])
    table(ds, "mercator", "MultiPoint", 3857, "n:int", [(f"MULTIPOINT({828000 + i * 300} 5933500,{828000 + i * 300} 5940000)", i) for i in range(20)])
    table(ds, "text", None, 0, "n:int", [(None, i) for i in range(5)])
    table(ds, "far", "Point", 4326, "n:int", [("POINT(-150 -70)", 1)])
    ds = None
    c.p.setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    for n in ("points", "lines", "areas", "world", "mercator", "text", "far"):
        c.add(f"{{}}/d.gpkg|layername={n}", n)
    c.add("{}/d.gpkg|layername=points|subset=n > 0", "points filtered")
    c.add("{}/d.gpkg|layername=world", "world copied", action="copy")
    ds = create(c.path("a.geojson"), "GeoJSON")
    table(ds, "a", "Point", 4326, "fid:int", [(f"POINT({7.4 + i * 0.005} 46.95)", i) for i in range(20)])
    ds = None
    c.add("{}/a.geojson", "json")
    ds = create(c.path("l.sqlite"), "SQLite", ["SPATIALITE=YES"])
    table(ds, "spots", "Point", 2056, "n:int", inside)
    ds = None
    c.add("dbname='{}/l.sqlite' table=\"spots\" (GEOMETRY)", "spots", "spatialite")
    c.p.writeEntry("qfieldsync", "/offlineCopyOnlyAoi", True)
    c.p.writeEntry("qfieldsync", "/areaOfInterest", "Polygon ((7.43 46.94, 7.45 46.935, 7.455 46.96, 7.44 46.96, 7.43 46.94))")
    c.p.writeEntry("qfieldsync", "/areaOfInterestCrs", "EPSG:4326")


@case("10_keys")
def keys(c):
    ds = c.gpkg()
    table(ds, "plain", "Point", 4326, "name:text", points(4, lambda i: f"p{i}"))
    table(ds, "own_name", "Point", 4326, "Fid:int fid_1:text FID_2:real", points(4, lambda i: i, lambda i: f"x{i}", lambda i: i / 2), ["FID=pk"])
    table(ds, "upper", "Point", 4326, "fid_1:int name:text", points(4, lambda i: i, lambda i: "a"), ["FID=FID"])
    table(ds, "comma", "Point", 4326, "name:text", points(3, lambda i: "c"), ["FID=a,b"])
    table(ds, "spaced", "Point", 4326, ["the name:text"], points(3, lambda i: "c"), ["FID=der Schlüssel"])
    table(ds, "gaps", "Point", 4326, "name:text")
    for f in (1, 7, 4294967296, 9007199254740993):
        put(ds.GetLayerByName("gaps"), f"POINT({f % 90} 1)", [f"g{f}"], f)
    table(ds, "fids", None, 0, [(f"fid_{i}:int" if i else "x:int") for i in range(12)], [(None, *range(12))])
    table(ds, "uuids", "Point", 4326, "uuid:text name:text", points(4, lambda i: f"00000000-0000-4000-8000-{i:012d}", lambda i: "u"))
    ds = None
    sql(c.path("d.gpkg"), "CREATE TABLE nokey (a TEXT, b TEXT); INSERT INTO nokey VALUES ('1', 'x'), ('2', 'y'); INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('nokey', 'attributes', 'nokey', 0);"
        "CREATE TABLE textkey (code TEXT PRIMARY KEY, b TEXT); INSERT INTO textkey VALUES ('1', 'x'), ('2', 'y'); INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('textkey', 'attributes', 'textkey', 0);"
        "CREATE TABLE composite (a INTEGER, b INTEGER, t TEXT, PRIMARY KEY (a, b)); INSERT INTO composite VALUES (1, 1, 'x'), (1, 2, 'y');"
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('composite', 'attributes', 'composite', 0);"
        "CREATE VIEW looked AS SELECT fid AS OGC_FID, geom, name FROM plain; INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('looked', 'features', 'looked', 4326);"
        "INSERT INTO gpkg_geometry_columns VALUES ('looked', 'geom', 'POINT', 4326, 0, 0);"
        "CREATE VIEW keyless AS SELECT geom, name FROM plain; INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('keyless', 'features', 'keyless', 4326);"
        "INSERT INTO gpkg_geometry_columns VALUES ('keyless', 'geom', 'POINT', 4326, 0, 0);")
    for n in ("plain", "own_name", "upper", "comma", "spaced", "gaps", "fids", "uuids", "nokey", "textkey", "composite", "looked", "keyless"):
        l = c.add(f"{{}}/d.gpkg|layername={n}", n)
        if n in ("plain", "upper", "own_name"):
            l.setFieldAlias(0, "the key")
            l.setFieldConstraint(1, UNIQUE, HARD)
    c.write("upper.csv", "FID,name\n1,a\n2,b\n")
    c.write("twice.csv", "Fid,fid_1,name\n1,q,a\n2,r,b\n")
    c.write("unset.csv", "fid,name\n1,a\n,c\n")
    for n in ("upper", "twice", "unset"):
        c.add(f"{{}}/{n}.csv", f"{n} csv")
    ds = create(c.path("sh.shp"), "ESRI Shapefile")
    table(ds, "sh", "Point", 4326, "FID:int name:text(9)", [(f"POINT({i} 2)", i + 5, f"s{i}") for i in range(4)])
    ds = None
    c.add("{}/sh.shp", "shape")


@case("11_names", at="project/ein Projekt & \"mehr\" #1 100%.qgs")
def names(c):
    odd = ["Straße & Weg.gpkg", "日本語/データ.gpkg", "it's 50% #7.gpkg", "project/with space/ü.gpkg", "a;b,c=d.gpkg", "العربية.gpkg", "emoji 🌳.gpkg", "project/data.gpkg", "data.gpkg"]
    for n, name in enumerate(odd):
        ds = create(c.path(name))
        table(ds, f"tab 'le' {n}" if n % 2 else "größe", "Point", 4326, "näme:text 名:int", points(3, lambda i: f"{name} {i}", lambda i: i))
        table(ds, "second", "Point", 4326, "name:text", points(2, lambda i: f"s{i}"))
        ds = None
    for n, name in enumerate(odd):
        l = f"tab 'le' {n}" if n % 2 else "größe"
        c.add(f"{{}}/{name}|layername={l}", ["Same name", "日本語 <&> \"x\"", "it's", "Same name", "a|b", "العربية", "🌳", "same NAME", "Same name"][n], action="copy" if n in (4, 7) else None)
    for where, colour in (("project/Case/r.tif", 1), ("project/case/R.tif", 2), ("project/R.TIF", 3), ("r.tif", 4), ("other/r.tif", 5)):
        raster(c.path(where), value=colour)
        c.add("{}/" + where, f"raster {where}", "gdal", "raster")
    ds = create(c.path("out & side/shäpe.shp"), "ESRI Shapefile")
    table(ds, "shäpe", "Point", 4326, "fid:int name:text(9)", [("POINT(1 2)", 1, "s")], ["ENCODING=UTF-8"])
    ds = None
    c.add("{}/out & side/shäpe.shp", "shape outside")
    c.write("project/o'ne %41.csv", "fid,name\n1,a\n")
    c.add("{}/project/o'ne %41.csv", "csv")
    c.add("file://{}/project/o'ne%20%2541.csv?type=csv&geomType=none&detectTypes=yes", "csv by text", "delimitedtext")
    c.write("no key 'x'.csv", "a,name\n1,a\n")
    c.add("{}/no key 'x'.csv", "outside without key")
    ds = create(c.path("project/l'été.sqlite"), "SQLite", ["SPATIALITE=YES"])
    table(ds, "sp ots", "Point", 4326, "name:text", points(2, lambda i: "q"))
    ds = None
    c.add("dbname='{}/project/l\\'été.sqlite' table=\"sp ots\" (GEOMETRY)", "lite", "spatialite")


@case("12_many", slow=True)
def many(c):
    ds = c.gpkg()
    for n in range(500):
        table(ds, f"layer_{n}", "Point", 4326, "name:text", points(2, lambda i: f"{n}.{i}"))
    ds = None
    for n in range(500):
        c.add(f"{{}}/d.gpkg|layername=layer_{n}", f"Layer {n % 250}", action=(None, "offline", "offline", "copy")[n % 4] if n % 50 == 3 else None)


@case("13_symbols")
def symbols(c):
    ds = c.gpkg()
    for t, w in (("Point", "POINT(7 46)"), ("LineString", "LINESTRING(7 46,8 47)"), ("Polygon", "POLYGON((7 46,8 46,8 47,7 46))")):
        table(ds, t.lower(), t, 4326, "kind:text", [(w, k) for k in "abc"])
    ds = None
    c.write("symbols/a tree.svg", svg())
    c.write("symbols/b.png", png())
    c.write("fill.png", png(4, 4, (0, 99, 0)))
    outside = "/tmp/fp-package-symbol.svg"
    with open(outside, "wb") as f:
        f.write(svg("#123456"))
    inline = "base64:" + base64.b64encode(svg("#fff")).decode()
    pic = lambda path: (lambda s: (s.changeSymbolLayer(0, QgsSvgMarkerSymbolLayer(path, 5)), s)[1])(QgsMarkerSymbol())
    point = c.add("{}/d.gpkg|layername=point", "points")
    photo = QgsMarkerSymbol()
    photo.changeSymbolLayer(0, QgsRasterMarkerSymbolLayer(c.path("symbols/b.png"), 9))
    point.setRenderer(QgsCategorizedSymbolRenderer("kind", [QgsRendererCategory("a", pic(c.path("symbols/a tree.svg")), "inside"), QgsRendererCategory("b", pic(outside), "outside"),
                                                            QgsRendererCategory("c", pic(inline), "inline"), QgsRendererCategory("d", photo, "picture"), QgsRendererCategory("e", pic("/gone/x.svg"), "gone")]))
    rules = c.add("{}/d.gpkg|layername=point", "ruled", action="copy")
    top = QgsRuleBasedRenderer.Rule(None)
    top.appendChild(QgsRuleBasedRenderer.Rule(pic(c.path("symbols/a tree.svg")), 0, 0, "\"kind\" = 'a'", "a & b"))
    rules.setRenderer(QgsRuleBasedRenderer(top))
    line = c.add("{}/d.gpkg|layername=linestring", "lines")
    along = QgsMarkerLineSymbolLayer()
    along.setSubSymbol(pic(c.path("symbols/a tree.svg")))
    ls = QgsLineSymbol()
    ls.changeSymbolLayer(0, along)
    line.setRenderer(QgsSingleSymbolRenderer(ls))
    polygon = c.add("{}/d.gpkg|layername=polygon", "polygons")
    fs = QgsFillSymbol()
    fs.changeSymbolLayer(0, QgsRasterFillSymbolLayer(c.path("fill.png")))
    fs.appendSymbolLayer(QgsSVGFillSymbolLayer(c.path("symbols/a tree.svg"), 4))
    polygon.setRenderer(QgsSingleSymbolRenderer(fs))
    settings = QgsPalLayerSettings()
    settings.fieldName = "kind"
    polygon.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    polygon.setLabelsEnabled(True)


@case("14_beside", at="my project.qgs")
def beside(c):
    ds = c.gpkg()
    table(ds, "p", "Point", 4326, "photo:text", [("POINT(1 1)", "DCIM/a.jpg")])
    ds = None
    c.add("{}/d.gpkg|layername=p", "p")
    for n in ("DCIM/a.jpg", "DCIM/sub/ü b.jpg", "files/x.pdf", "data & more/deep/table.txt", "pic/north.png", "unrelated/no.txt", "fonts/f.ttf"):
        c.write(n, png())
    c.write("my project.qml", "import QtQuick\nItem {}\n")
    c.write("my project_fr.qm", b"\x3c\xb8\x64\x18")
    c.write("my project_DEX.qm", b"\x3c\xb8\x64\x18")
    c.write("other.qml", "Item {}\n")
    c.p.writeEntry("QFieldSync", "/attachmentDirs", ["DCIM", "files", "missing", "../outside"])
    c.p.writeEntry("QFieldSync", "/dataDirs", ["data & more"])
    c.p.writeEntry("Image", "/Enabled", True)
    c.p.writeEntry("Image", "/ImagePath", "pic/north.png")
    c.p.writeEntry("qfieldsync", "/createBaseMap", True)
    c.p.writeEntry("qfieldsync", "/initialMapMode", "digitize")
    c.p.writeEntry("qfieldsync", "/forceStamping", True)
    c.p.writeEntry("qfieldsync", "/importedFilesChecksums", ["a", "b & <c>"])
    c.p.writeEntry("CopyrightLabel", "/Label", "© me & you")
    c.p.setPresetHomePath("")


ACTIONS = ("offline", "no_action", "copy", "keep_existent", "remove", None)


def acted(c, actions):
    ds = c.gpkg()
    for n in range(len(actions)):
        table(ds, f"t{n}", "Point", 4326, "name:text", points(3, lambda i: f"{n}.{i}"))
    ds = None
    raster(c.path("r.tif"))
    ds = create(c.path("fid.geojson"), "GeoJSON")
    table(ds, "fid", "Point", 4326, "fid:int name:text", [("POINT(1 2)", 1, "a")])
    ds = None
    c.write("nokey.csv", "a,x,y\n1,2,3\n")
    c.write("key.csv", "fid,x,y\n1,2,3\n")
    for n, a in enumerate(actions):
        w = "absent" if a is None else f"'{a}'"
        c.add(f"{{}}/d.gpkg|layername=t{n}", f"table {w}", action=a, **{"own & odd": f"v<{n}>"})
        read = c.add(f"{{}}/d.gpkg|layername=t{n}", f"read-only {w}", action=a)
        read.setReadOnly(True)
        c.add("{}/r.tif", f"raster {w}", "gdal", "raster", action=a)
        if a != "offline":
            c.add("?query=select%201%20as%20fid,%20make_point(1,2)%20as%20geometry", f"virtual {w}", "virtual", action=a)
        c.add("Point?crs=EPSG:4326&field=fid:integer&field=t:string(5)", f"memory {w}", "memory", action=a)
        c.add("file://{}/key.csv?type=csv&xField=x&yField=y&crs=EPSG:4326&detectTypes=yes", f"text {w}", "delimitedtext", action=a)
        c.add("file://{}/nokey.csv?type=csv&xField=x&yField=y&crs=EPSG:4326", f"keyless {w}", "delimitedtext", action=a)
        c.add("{}/fid.geojson", f"json {w}", action=a)


@case("15_actions")
def actions(c):
    acted(c, ACTIONS)


@case("15_nonsense")
def nonsense(c):
    acted(c, ("", "nonsense", "OFFLINE"))


@case("15_old_form")
def old_form(c):
    acted(c, ACTIONS)

    def older(m):
        out = []
        for o in re.finditer(r'<Option ([^>]*?)/>|<Option ([^>]*type="List"[^>]*)>.*?</Option>', m[1], re.S):
            a = dict(re.findall(r'(\w+)="([^"]*)"', o[1] or o[2]))
            if "name" in a:
                out.append(f'<property key="{a["name"]}" value="{a.get("value", "")}"/>')
        return "<customproperties>" + "".join(out) + "</customproperties>"
    c.edit(re.compile(r"<customproperties>(.*?)</customproperties>", re.S), older, 0)
    c.edit(re.compile(r'<qgis ([^>]*)version="[^"]*"'), r'<qgis \1version="3.10.4-A Coruña"', 0)


@case("16_missing")
def missing(c):
    ds = c.gpkg()
    table(ds, "here", "Point", 4326, "name:text", points(3, lambda i: "h"))
    ds = None
    c.write("broken.gpkg", "not a database")
    c.write("broken.tif", "II*\0nothing")
    here = c.add("{}/d.gpkg|layername=here", "here")
    lost = [c.add(s, n, p, k, valid=False) for s, n, p, k in (
        ("{}/d.gpkg|layername=absent", "no table", "ogr", "vector"), ("{}/absent.gpkg|layername=here", "no file", "ogr", "vector"), ("{}/broken.gpkg|layername=here", "broken", "ogr", "vector"),
        ("{}/broken.tif", "broken raster", "gdal", "raster"), ("{}/absent.tif", "no raster", "gdal", "raster"), ("{}/map.ecw", "wavelets", "gdal", "raster"),
        ("file://{}/absent.csv?type=csv&geomType=none", "no text", "delimitedtext", "vector"), ("dbname='{}/absent.sqlite' table=\"x\" (GEOMETRY)", "no lite", "spatialite", "vector"),
        ("crs=EPSG:3857&dpiMode=7&format=image/png&layers=a&styles&url=http://127.0.0.1:1/wms", "dead wms", "wms", "raster"),
        ("dbname='none' host=127.0.0.1 port=1 user='u' password='geheim' key='id' table=\"public\".\"t\" (geom)", "no database", "postgres", "vector"),
        ("localized:shared/l.gpkg|layername=x", "localized", "ogr", "vector"), ("localized:shared/r.tif", "localized raster", "gdal", "raster"))]
    c.write("map.ecw", "ecw")
    relation(c, "to_lost", here, lost[0], ("name", "name"))
    widget(here, "name", "ValueRelation", Layer=lost[0].id(), LayerName="no table", LayerProviderName="ogr", LayerSource=lost[0].source(), Key="a", Value="b")
    j = QgsVectorLayerJoinInfo()
    j.setJoinLayer(lost[1])
    j.setJoinLayerId(lost[1].id())
    j.setJoinFieldName("x")
    j.setTargetFieldName("name")
    here.addJoin(j)


import package_strangers  # noqa: E402,F401 further cases

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    make(sys.argv[1], sys.argv[2:])
