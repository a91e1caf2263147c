/* The packaged project: what is changed in it, and that nothing else is. */
#include <criterion/criterion.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

#include "tests/patch_fixture.h"
#include "tests/xml_diff.h"

TestSuite(package_patch, .timeout = 60);

static struct fp_pack_layer *layer(struct fp_package *p, const char *id, enum fp_pack_action action)
{
	for (size_t i = 0; i < p->n_layers; i++)
		if (strcmp(p->layers[i].def->id, id) == 0) {
			p->layers[i].action = action;
			return &p->layers[i];
		}
	cr_assert_fail("no layer %s", id);
	return NULL;
}

/* The layer goes offline into a table with the fields "fid" (counts by itself), "needed" and "code" (unique). */
static struct fp_pack_layer *offline(struct fp_package *p, const char *id)
{
	static const struct {
		const char *name;
		int has_default, not_null, unique;
	} fields[] = {{"fid", 1, 1, 1}, {"needed", 0, 1, 0}, {"code", 0, 0, 1}};
	struct fp_pack_layer *l = layer(p, id, FP_PACK_OFFLINE);
	struct fp_pack_table *t;

	FP_GROW(p->tables, p->n_tables, p->cap_tables);
	t = &p->tables[p->n_tables];
	*t = (struct fp_pack_table){.name = fp_asprintf("t_%s", id), .local_key = fp_strdup("fid_1")};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		FP_GROW(t->fields, t->n_fields, t->cap_fields);
		t->fields[t->n_fields++] = (struct fp_pack_field){fp_strdup(fields[i].name), fields[i].has_default, fields[i].not_null, fields[i].unique};
	}
	l->table = (int64_t)p->n_tables++;
	l->pk = fp_strdup("fid");
	l->provider = fp_strdup("ogr");
	l->datasource = fp_asprintf("./data.gpkg|layername=t_%s", id);
	return l;
}

static xmlDoc *parsed(const char *text)
{
	xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOENT);

	cr_assert(doc, "%s", text);
	return doc;
}

/* P is packaged and differs from XML in EXPECTED and in nothing else. */
static void differs(struct fp_package *p, const char *xml, const char *expected)
{
	char *text, *found;
	xmlDoc *before = parsed(xml), *after;

	packaged(p);
	text = member("p_qfield.qgz", "p_qfield.qgs");
	cr_assert(text);
	after = parsed(text);
	found = xml_diff(before, after);
	cr_assert_str_eq(found, expected, "found\n%s\nwanted\n%s", found, expected);
	xmlFreeDoc(before);
	xmlFreeDoc(after);
	free(found);
	free(text);
	done(p);
}

/* What every package says of itself, in a project that has the properties already. */
#define SETTLED "<properties><qfieldsync><createBaseMap type=\"bool\">false</createBaseMap>" \
	"<originalProjectPath type=\"QString\">p.qgs</originalProjectPath></qfieldsync><Paths><Absolute type=\"bool\">false</Absolute></Paths></properties>"
#define DOCTYPE "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
#define DATA_PATH "/qgis/properties + <OfflineEditingPlugin><OfflineDbPath type=\"QString\">./data.gpkg</OfflineDbPath></OfflineEditingPlugin>\n"

Test(package_patch, what_nobody_knows_stays_as_it_is, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made by hand -->\n" DOCTYPE
		"<qgis version=\"3.22.1-Bia\xc5\x82owie\xc5\xbc" "a\" projectname=\"P\" other=\"&lt;a &amp; &quot;b&quot;&#10;c&#9;d\">\n"
		"  <title>T</title>\n  <!-- a comment --><?a pi?>\n  <unknown a=\"1\"><![CDATA[<raw>]]>&lt;\xc3\xa4&gt; <b/>tail</unknown>\n" SETTLED
		"  <projectlayers>\n    <!-- in between -->\n    <maplayer type=\"vector\"><id>quiet_layer_1</id><datasource>x</datasource><odd/></maplayer>\n"
		"  </projectlayers>\n</qgis>\n<!-- the end -->\n";
	struct fp_package *p = package_of_text(xml);
	char *text;

	packaged(p);
	text = member("p_qfield.qgz", "p_qfield.qgs");
	cr_assert(strstr(text, "<!DOCTYPE qgis PUBLIC \"http://mrcc.com/qgis.dtd\" \"SYSTEM\">\n<qgis "), "%s", text);
	cr_assert(strstr(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made by hand -->\n"), "%s", text);
	cr_assert(strstr(text, "<![CDATA[<raw>]]>&lt;\xc3\xa4&gt; <b/>tail"), "%s", text);
	cr_assert(strstr(text, "<?a pi?>"), "%s", text);
	cr_assert(strstr(text, "<!-- the end -->"), "%s", text);
	free(text);
	differs(p, xml, "");
}

Test(package_patch, a_project_of_the_smallest_kind_gets_its_properties, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<qgis version=\"3.22.1\"/>";

	differs(package_of_text(xml), xml,
		"/qgis + <properties><qfieldsync><createBaseMap type=\"bool\">false</createBaseMap><originalProjectPath type=\"QString\">p.qgs"
		"</originalProjectPath></qfieldsync><Paths><Absolute type=\"bool\">false</Absolute></Paths></properties>\n");
}

Test(package_patch, scopes_are_case_sensitive_and_both_forms_of_entries_are_kept, .init = package_setup, .fini = package_teardown)
{
	static const char plain[] = "<qgis version=\"3.22.1\"><properties><QFieldSync><createBaseMap type=\"bool\">true</createBaseMap></QFieldSync>"
		"<qfieldsync><createBaseMap type=\"int\">1</createBaseMap></qfieldsync></properties></qgis>";
	static const char nested[] = "<qgis version=\"3.40.1\"><properties><properties name=\"QFieldSync\"><properties name=\"attachmentDirs\" type=\"QStringList\">"
		"<value>DCIM</value></properties></properties><properties name=\"Paths\"><properties name=\"Absolute\" type=\"bool\">true</properties></properties>"
		"</properties></qgis>";

	differs(package_of_text(plain), plain,
		"/qgis/properties/qfieldsync/createBaseMap@type: int -> bool\n"
		"/qgis/properties/qfieldsync/createBaseMap: 1 -> false\n"
		"/qgis/properties/qfieldsync + <originalProjectPath type=\"QString\">p.qgs</originalProjectPath>\n"
		"/qgis/properties + <Paths><Absolute type=\"bool\">false</Absolute></Paths>\n");
	differs(package_of_text(nested), nested,
		"/qgis/properties/properties[Paths]/properties[Absolute]: true -> false\n"
		"/qgis/properties + <properties name=\"qfieldsync\"><properties name=\"createBaseMap\" type=\"bool\">false</properties>"
		"<properties name=\"originalProjectPath\" type=\"QString\">p.qgs</properties></properties>\n");
}

Test(package_patch, who_saved_it_and_a_home_elsewhere_are_left_out, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<qgis version=\"3.22.1\" saveUser=\"anna\" saveUserFull=\"Anna A\" saveDateTime=\"2026-01-01T00:00:00\">"
		"<homePath path=\"/home/anna\"/><title/><autotransaction active=\"1\"/>" SETTLED "</qgis>";

	differs(package_of_text(xml), xml,
		"/qgis@saveUser: anna -> \n/qgis@saveUserFull: Anna A -> \n/qgis@saveDateTime: 2026-01-01T00:00:00 -> \n/qgis/homePath@path: /home/anna -> \n");
}

#define LAYER(id, body) "<maplayer type=\"vector\"><id>" id "</id><datasource>./a.gpkg|layername=a</datasource><layername>A</layername>" \
	"<provider encoding=\"UTF-8\">ogr</provider>" body "</maplayer>"
#define OPTIONS "<customproperties><Option type=\"Map\"><Option name=\"QFieldSync/cloud_action\" type=\"QString\" value=\"offline\"/></Option></customproperties>"
#define IN_L "/qgis/projectlayers/maplayer[the_layer_1]"

Test(package_patch, an_offline_layer_of_3_40, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<qgis version=\"3.40.6-Bratislava\"><title/><transaction mode=\"AutomaticGroups\"/>"
		"<projectFlags set=\"EvaluateDefaultValuesOnProviderSide|TrustStoredLayerStatistics\"/>" SETTLED
		"<projectlayers>" LAYER("the_layer_1", OPTIONS
		"<fieldConfiguration><field name=\"fid\" configurationFlags=\"NoFlag\"/></fieldConfiguration>"
		"<constraints><constraint field=\"fid\" constraints=\"3\" notnull_strength=\"1\" unique_strength=\"1\" exp_strength=\"0\"/>"
		"<constraint field=\"free\" constraints=\"4\" notnull_strength=\"0\" unique_strength=\"0\" exp_strength=\"2\"/>"
		"<constraint field=\"code\" constraints=\"0\" notnull_strength=\"0\" unique_strength=\"0\" exp_strength=\"0\"/></constraints>") "</projectlayers></qgis>";
	struct fp_package *p = package_of_text(xml);

	offline(p, "the_layer_1");
	differs(p, xml,
		"/qgis@projectname: (none) -> p_qfield\n"
		"/qgis/title:  -> p_qfield\n"
		"/qgis/transaction@mode: AutomaticGroups -> Disabled\n"
		"/qgis/projectFlags@set: EvaluateDefaultValuesOnProviderSide|TrustStoredLayerStatistics -> TrustStoredLayerStatistics\n"
		DATA_PATH
		IN_L "/datasource: ./a.gpkg|layername=a -> ./data.gpkg|layername=t_the_layer_1\n"
		IN_L "/customproperties/Option + <Option name=\"QFieldSync/remoteLayerId\" type=\"QString\" value=\"the_layer_1\"/>\n"
		IN_L "/customproperties/Option + <Option name=\"QFieldSync/sourceDataPrimaryKeys\" type=\"QString\" value=\"fid\"/>\n"
		IN_L "/customproperties/Option + <Option name=\"isOfflineEditable\" type=\"bool\" value=\"true\"/>\n"
		IN_L "/customproperties/Option + <Option name=\"layerNameSuffix\" type=\"QString\" value=\"\"/>\n"
		IN_L "/customproperties/Option + <Option name=\"remoteLayerId\" type=\"QString\" value=\"the_layer_1\"/>\n"
		IN_L "/customproperties/Option + <Option name=\"remoteProvider\" type=\"QString\" value=\"ogr\"/>\n"
		IN_L "/customproperties/Option + <Option name=\"remoteSource\" type=\"QString\" value=\"./a.gpkg|layername=a\"/>\n"
		IN_L "/fieldConfiguration + <field name=\"fid_1\" configurationFlags=\"NoFlag\"><editWidget type=\"Hidden\"><config><Option/></config></editWidget></field>\n"
		IN_L "/constraints + <constraint field=\"fid_1\" constraints=\"3\" notnull_strength=\"1\" unique_strength=\"1\" exp_strength=\"0\"/>\n"
		IN_L "/constraints/constraint[fid]@constraints: 3 -> 2\n"
		IN_L "/constraints/constraint[fid]@notnull_strength: 1 -> 0\n"
		IN_L "/constraints/constraint[code]@constraints: 0 -> 2\n"
		IN_L "/constraints/constraint[code]@unique_strength: 0 -> 1\n"
		IN_L "/constraints + <constraint field=\"needed\" constraints=\"1\" notnull_strength=\"1\" unique_strength=\"0\" exp_strength=\"0\"/>\n");
}

Test(package_patch, an_offline_layer_of_3_4_without_anything, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<qgis version=\"3.4.5-Madeira\"><title>T</title><autotransaction active=\"1\"/><evaluateDefaultValues active=\"1\"/>" SETTLED
		"<projectlayers><maplayer type=\"vector\"><id>the_layer_1</id><datasource>dbname='db' host=h user='u' password='p' key='fid' table=\"public\".\"t\" (g) "
		"sql=x = 1</datasource><provider encoding=\"\">postgres</provider></maplayer></projectlayers></qgis>";
	struct fp_package *p = package_of_text(xml);

	offline(p, "the_layer_1");
	differs(p, xml,
		"/qgis/autotransaction@active: 1 -> 0\n"
		"/qgis/evaluateDefaultValues@active: 1 -> 0\n"
		DATA_PATH
		IN_L "/datasource: dbname='db' host=h user='u' password='p' key='fid' table=\"public\".\"t\" (g) sql=x = 1 -> ./data.gpkg|layername=t_the_layer_1\n"
		IN_L "/provider@encoding:  -> UTF-8\n"
		IN_L "/provider: postgres -> ogr\n"
		IN_L " + <customproperties><property key=\"QFieldSync/remoteLayerId\" value=\"the_layer_1\"/>"
		"<property key=\"QFieldSync/sourceDataPrimaryKeys\" value=\"fid\"/><property key=\"isOfflineEditable\" value=\"true\"/>"
		"<property key=\"layerNameSuffix\" value=\"\"/><property key=\"remoteLayerId\" value=\"the_layer_1\"/>"
		"<property key=\"remoteProvider\" value=\"postgres\"/>"
		"<property key=\"remoteSource\" value=\"dbname='db' host='h' key='fid' table=&quot;public&quot;.&quot;t&quot; (g)\"/></customproperties>\n"
		IN_L " + <fieldConfiguration><field name=\"fid_1\"><editWidget type=\"Hidden\"><config><Option/></config></editWidget></field></fieldConfiguration>\n"
		IN_L " + <constraints><constraint field=\"fid_1\" constraints=\"3\" notnull_strength=\"1\" unique_strength=\"1\" exp_strength=\"0\"/>"
		"<constraint field=\"fid\" constraints=\"2\" notnull_strength=\"0\" unique_strength=\"1\" exp_strength=\"0\"/>"
		"<constraint field=\"needed\" constraints=\"1\" notnull_strength=\"1\" unique_strength=\"0\" exp_strength=\"0\"/>"
		"<constraint field=\"code\" constraints=\"2\" notnull_strength=\"0\" unique_strength=\"1\" exp_strength=\"0\"/></constraints>\n");
}

Test(package_patch, an_offline_layer_that_was_packaged_before_in_3_14, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<qgis version=\"3.14.16-Pi\"><title>T</title>" SETTLED "<projectlayers>" LAYER("the_layer_1",
		"<customproperties><property key=\"list\"><value>a</value></property><property key=\"remoteSource\" value=\"/home/anna/a.gpkg password=x\"/>"
		"<property key=\"QFieldSync/unsupported_source_pk\" value=\"1\"/></customproperties>"
		"<fieldConfiguration><field name=\"fid_1\"><editWidget type=\"TextEdit\"/></field></fieldConfiguration><constraints/>") "</projectlayers></qgis>";
	struct fp_package *p = package_of_text(xml);

	offline(p, "the_layer_1");
	p->tables[0].n_fields = 0;
	differs(p, xml,
		DATA_PATH
		IN_L "/datasource: ./a.gpkg|layername=a -> ./data.gpkg|layername=t_the_layer_1\n"
		IN_L "/customproperties/property[remoteSource]@value: /home/anna/a.gpkg password=x -> ./a.gpkg|layername=a\n"
		IN_L "/customproperties + <property key=\"QFieldSync/remoteLayerId\" value=\"the_layer_1\"/>\n"
		IN_L "/customproperties + <property key=\"QFieldSync/sourceDataPrimaryKeys\" value=\"fid\"/>\n"
		IN_L "/customproperties + <property key=\"isOfflineEditable\" value=\"true\"/>\n"
		IN_L "/customproperties + <property key=\"layerNameSuffix\" value=\"\"/>\n"
		IN_L "/customproperties + <property key=\"remoteLayerId\" value=\"the_layer_1\"/>\n"
		IN_L "/customproperties + <property key=\"remoteProvider\" value=\"ogr\"/>\n"
		IN_L "/customproperties - property[QFieldSync/unsupported_source_pk]\n"
		IN_L "/fieldConfiguration/field[fid_1]/editWidget@type: TextEdit -> Hidden\n"
		IN_L "/fieldConfiguration/field[fid_1]/editWidget + <config><Option/></config>\n"
		IN_L "/constraints + <constraint field=\"fid_1\" constraints=\"3\" notnull_strength=\"1\" unique_strength=\"1\" exp_strength=\"0\"/>\n");
}

Test(package_patch, the_local_key_of_a_joined_layer_is_hidden_as_well, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<qgis version=\"3.4.1\">" SETTLED "<projectlayers>" LAYER("joined_layer", "") LAYER("the_layer_1",
		"<vectorjoins><join joinLayerId=\"joined_layer\"/><join joinLayerId=\"joined_layer\" hasCustomPrefix=\"1\" customPrefix=\"p.\"/>"
		"<join joinLayerId=\"joined_layer\" hasCustomPrefix=\"1\" customPrefix=\"q.\"><joinFieldsSubset><field name=\"x\"/></joinFieldsSubset></join>"
		"</vectorjoins><fieldConfiguration><field name=\"a\"/></fieldConfiguration><customproperties/>") "</projectlayers></qgis>";
	struct fp_package *p = package_of_text(xml);
	char *text;

	offline(p, "joined_layer");
	layer(p, "the_layer_1", FP_PACK_COPY)->pk = fp_strdup("id");
	packaged(p);
	text = member("p_qfield.qgz", "p_qfield.qgs");
	cr_assert(strstr(text, "<fieldConfiguration><field name=\"a\"/><field name=\"A_fid_1\"><editWidget type=\"Hidden\"><config><Option/></config></editWidget></field>"
		"<field name=\"p.fid_1\"><editWidget type=\"Hidden\"><config><Option/></config></editWidget></field></fieldConfiguration>"), "%s", text);
	free(text);
	done(p);
}

Test(package_patch, a_layer_without_a_usable_key_is_read_only, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<qgis version=\"3.22.1\">" SETTLED "<projectlayers>" LAYER("the_layer_1", "<customproperties><Option/></customproperties>")
		LAYER("the_layer_2", OPTIONS) "<maplayer type=\"raster\"><id>the_layer_3</id><datasource>./r.tif</datasource><provider>gdal</provider>"
		"<customproperties><Option/></customproperties></maplayer><maplayer type=\"annotation\"><id>the_layer_4</id></maplayer></projectlayers></qgis>";
	struct fp_package *p = package_of_text(xml);
	struct fp_pack_layer *l = layer(p, "the_layer_1", FP_PACK_COPY);

	l->read_only = 1;
	l->datasource = fp_strdup("./b & c.gpkg|layername=a");
	layer(p, "the_layer_2", FP_PACK_ONLINE)->pk = fp_strdup("fid");
	layer(p, "the_layer_3", FP_PACK_COPY);
	layer(p, "the_layer_4", FP_PACK_ONLINE);
	differs(p, xml,
		IN_L "@readOnly: (none) -> 1\n"
		IN_L "/datasource: ./a.gpkg|layername=a -> ./b & c.gpkg|layername=a\n"
		IN_L "/customproperties/Option@type: (none) -> Map\n"
		IN_L "/customproperties/Option + <Option name=\"QFieldSync/remoteLayerId\" type=\"QString\" value=\"the_layer_1\"/>\n"
		IN_L "/customproperties/Option + <Option name=\"QFieldSync/unsupported_source_pk\" type=\"QString\" value=\"1\"/>\n"
		"/qgis/projectlayers/maplayer[the_layer_2]/customproperties/Option + <Option name=\"QFieldSync/remoteLayerId\" type=\"QString\" value=\"the_layer_2\"/>\n"
		"/qgis/projectlayers/maplayer[the_layer_2]/customproperties/Option + <Option name=\"QFieldSync/sourceDataPrimaryKeys\" type=\"QString\" value=\"fid\"/>\n"
		"/qgis/projectlayers/maplayer[the_layer_3]/customproperties/Option@type: (none) -> Map\n"
		"/qgis/projectlayers/maplayer[the_layer_3]/customproperties/Option + <Option name=\"QFieldSync/remoteLayerId\" type=\"QString\" value=\"the_layer_3\"/>\n");
}

/* What a device takes over when it changes to the style. */
Test(package_patch, styles_that_a_layer_keeps_say_the_same_as_the_layer, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<qgis version=\"3.4.4\"><title>t</title>" SETTLED "<projectlayers>" LAYER("the_layer_1", "<customproperties/>"
		"<map-layer-style-manager current=\"a\"><map-layer-style name=\"a\"/><map-layer-style name=\"b\"><qgis><fieldConfiguration/>"
		"<customproperties><property key=\"x\" value=\"y\"/><property key=\"remoteSource\" value=\"dbname='d' password='p'\"/></customproperties>"
		"<constraints><constraint field=\"fid\" constraints=\"3\" notnull_strength=\"1\" unique_strength=\"1\" exp_strength=\"0\"/></constraints></qgis>"
		"</map-layer-style><map-layer-style name=\"c\"><qgis><flags/></qgis></map-layer-style></map-layer-style-manager>") "</projectlayers></qgis>";
	struct fp_package *p = package_of_text(xml);
	char *text, *style, *rest;

	offline(p, "the_layer_1");
	packaged(p);
	text = member("p_qfield.qgz", "p_qfield.qgs");
	style = strstr(text, "<map-layer-style name=\"b\">");
	rest = strstr(text, "<map-layer-style name=\"c\">");
	cr_assert(style && rest);
	cr_assert_not(strstr(text, "password"), "%s", text);
	cr_assert(strstr(rest, "<qgis><flags/></qgis>"), "%s", rest);
	*rest = '\0';
	cr_expect(strstr(style, "<property key=\"x\" value=\"y\"/>"));
	cr_expect(strstr(style, "<property key=\"remoteLayerId\" value=\"the_layer_1\"/>"), "%s", style);
	cr_expect(strstr(style, "<property key=\"QFieldSync/sourceDataPrimaryKeys\" value=\"fid\"/>"), "%s", style);
	cr_expect(strstr(style, "<field name=\"fid_1\"><editWidget type=\"Hidden\">"), "%s", style);
	cr_expect(strstr(style, "<constraint field=\"fid\" constraints=\"2\" notnull_strength=\"0\""), "%s", style);
	free(text);
	done(p);
}

Test(package_patch, a_raster_without_properties_keeps_what_QGIS_takes_for_granted, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<qgis version=\"3.22.1\">" SETTLED "<projectlayers><maplayer type=\"raster\"><id>the_layer_1</id><datasource>./r.tif</datasource>"
		"<provider>gdal</provider></maplayer></projectlayers></qgis>";
	struct fp_package *p = package_of_text(xml);

	layer(p, "the_layer_1", FP_PACK_COPY);
	differs(p, xml, IN_L " + <customproperties><Option type=\"Map\"><Option name=\"identify/format\" type=\"QString\" value=\"Value\"/>"
		"<Option name=\"QFieldSync/remoteLayerId\" type=\"QString\" value=\"the_layer_1\"/></Option></customproperties>\n");
}

Test(package_patch, a_removed_layer_is_named_only_by_joins_any_more, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<qgis version=\"3.22.1\"><layer-tree-group>"
		"<layer-tree-layer id=\"gone_layer_1\"/><layer-tree-group name=\"A\"><layer-tree-group name=\"B\"><layer-tree-layer id=\"gone_layer_1\"/></layer-tree-group>"
		"</layer-tree-group><layer-tree-group name=\"C\"/><layer-tree-group name=\"D\"><layer-tree-layer id=\"kept_layer_1\" providerKey=\"ogr\" source=\"/x/a.gpkg\"/>"
		"</layer-tree-group><custom-order enabled=\"1\"><item>kept_layer_1</item><item>gone_layer_1</item></custom-order></layer-tree-group>"
		"<snapping-settings><individual-layer-settings><layer-setting id=\"gone_layer_1\"/><layer-setting id=\"kept_layer_1\"/></individual-layer-settings>"
		"</snapping-settings><relations><relation id=\"r1\" referencingLayer=\"kept_layer_1\" referencedLayer=\"gone_layer_1\"/>"
		"<relation id=\"r2\" referencingLayer=\"kept_layer_1\" referencedLayer=\"kept_layer_1\"/></relations>"
		"<polymorphicRelations><relation id=\"p1\" referencingLayer=\"kept_layer_1\" referencedLayerIds=\"gone_layer_1,kept_layer_1\"/>"
		"<relation id=\"p2\" referencingLayer=\"kept_layer_1\" referencedLayerIds=\"gone_layer_1\"/></polymorphicRelations>"
		"<mapcanvas name=\"theMapCanvas\"><theme><layer id=\"gone_layer_1\"/></theme></mapcanvas>"
		"<legend><legendgroup name=\"g\"><legendlayer name=\"l\"><filegroup><legendlayerfile layerid=\"gone_layer_1\"/></filegroup></legendlayer></legendgroup></legend>"
		"<projectlayers>" LAYER("gone_layer_1", "") "<maplayer type=\"vector\"><id>kept_layer_1</id><datasource>./a.gpkg</datasource><provider>ogr</provider>"
		"<vectorjoins><join joinLayerId=\"gone_layer_1\"/><join joinLayerId=\"kept_layer_1\"/></vectorjoins>"
		"<referencedLayers><relation id=\"r1\" layerId=\"gone_layer_1\" dataSource=\"x\"/>"
		"<relation id=\"r2\" layerId=\"kept_layer_1\" dataSource=\"/x/a.gpkg\" providerKey=\"spatialite\"/></referencedLayers>"
		"<customproperties><Option type=\"Map\"/></customproperties></maplayer>"
		LAYER("gone_layer_1", "") "</projectlayers><layerorder><layer id=\"gone_layer_1\"/><layer id=\"kept_layer_1\"/></layerorder>" SETTLED
		"<visibility-presets><visibility-preset name=\"v\"><layer id=\"gone_layer_1\"/><layer id=\"kept_layer_1\"/><checked-legend-nodes id=\"gone_layer_1\"/>"
		"<expanded-legend-nodes id=\"gone_layer_1\"/></visibility-preset></visibility-presets></qgis>";
	struct fp_package *p = package_of_text(xml);

	layer(p, "gone_layer_1", FP_PACK_REMOVE);
	layer(p, "kept_layer_1", FP_PACK_COPY)->pk = fp_strdup("id");
	differs(p, xml,
		"/qgis/layer-tree-group - layer-tree-layer[gone_layer_1]\n"
		"/qgis/layer-tree-group - layer-tree-group[A]\n"
		"/qgis/layer-tree-group - layer-tree-group[C]\n"
		"/qgis/layer-tree-group/layer-tree-group[D]/layer-tree-layer[kept_layer_1]@source: /x/a.gpkg -> ./a.gpkg\n"
		"/qgis/layer-tree-group/custom-order - item[gone_layer_1]\n"
		"/qgis/snapping-settings/individual-layer-settings - layer-setting[gone_layer_1]\n"
		"/qgis/relations - relation[r1]\n"
		"/qgis/polymorphicRelations/relation[p1]@referencedLayerIds: gone_layer_1,kept_layer_1 -> kept_layer_1\n"
		"/qgis/polymorphicRelations - relation[p2]\n"
		"/qgis/mapcanvas[theMapCanvas]/theme - layer[gone_layer_1]\n"
		"/qgis/legend/legendgroup[g] - legendlayer[l]\n"
		"/qgis/projectlayers - maplayer[gone_layer_1]\n"
		"/qgis/projectlayers/maplayer[kept_layer_1]/referencedLayers - relation[r1]\n"
		"/qgis/projectlayers/maplayer[kept_layer_1]/referencedLayers/relation[r2]@dataSource: /x/a.gpkg -> ./a.gpkg\n"
		"/qgis/projectlayers/maplayer[kept_layer_1]/referencedLayers/relation[r2]@providerKey: spatialite -> ogr\n"
		"/qgis/projectlayers/maplayer[kept_layer_1]/customproperties/Option + <Option name=\"QFieldSync/remoteLayerId\" type=\"QString\" value=\"kept_layer_1\"/>\n"
		"/qgis/projectlayers/maplayer[kept_layer_1]/customproperties/Option + <Option name=\"QFieldSync/sourceDataPrimaryKeys\" type=\"QString\" value=\"id\"/>\n"
		"/qgis/projectlayers - maplayer[gone_layer_1]\n"
		"/qgis/layerorder - layer[gone_layer_1]\n"
		"/qgis/visibility-presets/visibility-preset[v] - layer[gone_layer_1]\n"
		"/qgis/visibility-presets/visibility-preset[v] - checked-legend-nodes[gone_layer_1]\n"
		"/qgis/visibility-presets/visibility-preset[v] - expanded-legend-nodes[gone_layer_1]\n");
}

#define VALUES(id, source, name) "<config><Option type=\"Map\"><Option name=\"Layer\" value=\"" id "\"/><Option name=\"LayerName\" value=\"" name "\"/>" \
	"<Option name=\"LayerProviderName\" value=\"x\"/><Option name=\"LayerSource\" value=\"" source "\"/></Option></config>"
#define IN_W "/qgis/projectlayers/maplayer[form_layer_1]/"

Test(package_patch, value_relations_point_to_the_new_source, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<qgis version=\"3.22.1\">" SETTLED "<projectlayers>" LAYER("list_layer_1", "")
		"<maplayer type=\"vector\"><id>pass_layer_1</id><datasource>dbname='d' password='p' table=\"t\"</datasource><provider>postgres</provider></maplayer>"
		"<maplayer type=\"vector\"><id>form_layer_1</id><datasource>./b.gpkg</datasource><w name=\"1\">" VALUES("list_layer_1", "/home/a.gpkg", "A") "</w>"
		"<w name=\"2\">" VALUES("old_id", "?", "A") "</w><w name=\"3\">" VALUES("old_id", "/home/z.gpkg", "Z") "</w>"
		"<w name=\"4\">" VALUES("pass_layer_1", "dbname='d'", "P") "</w></maplayer></projectlayers></qgis>";
	struct fp_package *p = package_of_text(xml);
	struct fp_pack_layer *l = layer(p, "form_layer_1", FP_PACK_UNTOUCHED);
	char *text;

	layer(p, "list_layer_1", FP_PACK_UNTOUCHED)->datasource = fp_strdup("./data.gpkg|layername=a");
	packaged(p);
	cr_assert_eq(json_array_size(l->warnings), 1);
	cr_assert(strstr(json_string_value(json_object_get(json_array_get(l->warnings, 0), "detail")), "\"Z\""));
	text = member("p_qfield.qgz", "p_qfield.qgs");
	cr_assert_null(strstr(text, "/home/"));
	free(text);
	differs(p, xml,
		IN_W "w[1]/config/Option/Option[LayerProviderName]@value: x -> ogr\n"
		IN_W "w[1]/config/Option/Option[LayerSource]@value: /home/a.gpkg -> ./data.gpkg|layername=a\n"
		IN_W "w[2]/config/Option/Option[LayerProviderName]@value: x -> ogr\n"
		IN_W "w[2]/config/Option/Option[LayerSource]@value: ? -> ./data.gpkg|layername=a\n"
		IN_W "w[3]/config/Option/Option[LayerSource]@value: /home/z.gpkg -> \n"
		IN_W "w[4]/config/Option/Option[LayerProviderName]@value: x -> postgres\n");
}

Test(package_patch, layers_that_share_a_short_id_are_told_apart_by_their_number, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<qgis version=\"3.4.1\">" SETTLED "<projectlayers>" LAYER("a", "") LAYER("a", "") LAYER("a", "") "</projectlayers></qgis>";
	struct fp_package *p = package_of_text(xml);
	char *text, *first;

	layer(p, "a", FP_PACK_UNTOUCHED);
	layer(p, "a (2)", FP_PACK_REMOVE);
	layer(p, "a (3)", FP_PACK_COPY)->datasource = fp_strdup("./third.gpkg");
	packaged(p);
	text = member("p_qfield.qgz", "p_qfield.qgs");
	first = strstr(text, "<maplayer");
	cr_assert(first && strncmp(first, LAYER("a", ""), strlen(LAYER("a", ""))) == 0, "%s", text);
	cr_assert(strstr(first, "<datasource>./third.gpkg</datasource>"));
	cr_assert_null(strstr(strstr(first + 1, "<maplayer") + 1, "<maplayer"));
	free(text);
	done(p);
}

Test(package_patch, values_that_name_moved_files_follow_them, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<qgis version=\"3.22.1\">" SETTLED "<Layouts><l><Option name=\"name\" value=\"/old/a.svg\"/></l></Layouts><projectlayers>"
		LAYER("the_layer_1", "<prop k=\"name\" v=\"/old/a.svg\"/><value>/old/a.svg</value><Option name=\"name\" value=\"/old/a.svg2\"/>")
		"</projectlayers></qgis>";
	struct fp_package *p = package_of_text(xml);

	json_object_set_new(p->replaced, "/old/a.svg", json_string("./a.svg"));
	differs(p, xml,
		"/qgis/Layouts/l/Option[name]@value: /old/a.svg -> ./a.svg\n"
		IN_L "/prop@v: /old/a.svg -> ./a.svg\n"
		IN_L "/value: /old/a.svg -> ./a.svg\n");
}

Test(package_patch, what_reading_mends_is_mended_here_too, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<!DOCTYPE qgis [<!ENTITY who 'Anna \"A\"'>]><qgis version=\"3.22.1\">" SETTLED
		"<a>x\001y</a><b v=\"\xff&who;&nobody;z\">&who;&nobody;</b></qgis>";
	struct fp_package *p = package_of_text(xml);
	char *text;
	xmlDoc *doc;

	packaged(p);
	text = member("p_qfield.qgz", "p_qfield.qgs");
	doc = parsed(text);
	xmlFreeDoc(doc);
	cr_assert(strstr(text, "<a>x\xef\xbf\xbdy</a>"), "%s", text);
	cr_assert(strstr(text, "<b v=\"\xef\xbf\xbd" "Anna &quot;A&quot;z\">Anna \"A\"</b>"), "%s", text);
	cr_assert(strstr(text, "<!DOCTYPE qgis>"), "%s", text);
	free(text);
	done(p);
}

Test(package_patch, a_project_in_another_encoding_becomes_utf_8, .init = package_setup, .fini = package_teardown)
{
	static const char xml[] = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><qgis version=\"3.22.1\"><a v=\"\xe4\">\xf6</a></qgis>";
	struct fp_package *p = package_of_text(xml);
	char *text;

	packaged(p);
	text = member("p_qfield.qgz", "p_qfield.qgs");
	cr_assert(strstr(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), "%s", text);
	cr_assert(strstr(text, "<a v=\"\xc3\xa4\">\xc3\xb6</a>"), "%s", text);
	free(text);
	done(p);
}

#define EMBEDDED(id) "<layer-tree-layer id=\"" id "\" source=\"x\"><customproperties><property key=\"embedded\" value=\"1\"/>" \
	"<property key=\"embedded_project\" value=\"../o/other.qgs\"/></customproperties></layer-tree-layer>"

Test(package_patch, layers_of_other_projects_become_the_projects_own, .init = package_setup, .fini = package_teardown)
{
	static const char other[] = "<qgis version=\"3.4.1\"><layer-tree-group><layer-tree-group name=\"outer\"><layer-tree-group name=\"G\" checked=\"Qt::Checked\">"
		"<customproperties/><layer-tree-layer id=\"group_layer_1\" checked=\"Qt::Checked\"/><layer-tree-group name=\"S\">"
		"<layer-tree-layer id=\"group_layer_2\"/></layer-tree-group><layer-tree-group name=\"gone\"><layer-tree-layer id=\"group_layer_3\"/></layer-tree-group>"
		"<layer-tree-layer id=\"unknown\"/></layer-tree-group></layer-tree-group></layer-tree-group><projectlayers>"
		LAYER("other_layer_1", "<a v=\"\xc3\xa4\">\xc3\xb6</a>") LAYER("other_layer_1", "") LAYER("other_layer_2", "") LAYER("group_layer_1", "")
		LAYER("group_layer_2", "") LAYER("group_layer_3", "") "</projectlayers></qgis>";
	static const char xml[] = "<qgis version=\"3.4.1\"><layer-tree-group>" EMBEDDED("other_layer_1")
		"<layer-tree-group name=\"G\"><customproperties><property key=\"embedded\" value=\"1\"/><property key=\"embedded_project\" value=\"../o/other.qgs\"/>"
		"<property key=\"embedded-invisible-layers\"><value>group_layer_1</value></property></customproperties></layer-tree-group>"
		"<layer-tree-group name=\"lost\"><customproperties><property key=\"embedded\" value=\"1\"/><property key=\"embedded_project\" value=\"./no.qgs\"/>"
		"</customproperties></layer-tree-group></layer-tree-group><projectlayers><maplayer embedded=\"1\" project=\"../o/other.qgs\" id=\"other_layer_1\"/>"
		"<maplayer embedded=\"1\" project=\"./no.qgs\" id=\"lost_layer_1\"/></projectlayers>" SETTLED "</qgis>";
	struct fp_package *p;
	char *text, *found;
	xmlDoc *before = parsed(xml), *after;

	put("in/o/other.qgs", other, strlen(other));
	put("in/sub/p.qgs", xml, strlen(xml));
	p = package_of("in/sub/p.qgs");
	layer(p, "group_layer_3", FP_PACK_REMOVE);
	layer(p, "other_layer_1", FP_PACK_COPY)->datasource = fp_strdup("../o/a.gpkg|layername=a");
	packaged(p);
	text = member("p_qfield.qgz", "p_qfield.qgs");
	cr_assert(strstr(text, "<a v=\"\xc3\xa4\">\xc3\xb6</a>"), "%s", text);
	after = parsed(text);
	found = xml_diff(before, after);
	cr_assert_str_eq(found,
		"/qgis/layer-tree-group/layer-tree-layer[other_layer_1]@source: x -> ../o/a.gpkg|layername=a\n"
		"/qgis/layer-tree-group/layer-tree-layer[other_layer_1]/customproperties - property[embedded]\n"
		"/qgis/layer-tree-group/layer-tree-layer[other_layer_1]/customproperties - property[embedded_project]\n"
		"/qgis/layer-tree-group/layer-tree-group[G]/customproperties - property[embedded]\n"
		"/qgis/layer-tree-group/layer-tree-group[G]/customproperties - property[embedded_project]\n"
		"/qgis/layer-tree-group/layer-tree-group[G]/customproperties - property[embedded-invisible-layers]\n"
		"/qgis/layer-tree-group/layer-tree-group[G] + <layer-tree-layer id=\"group_layer_1\" checked=\"Qt::Unchecked\"/>\n"
		"/qgis/layer-tree-group/layer-tree-group[G] + <layer-tree-group name=\"S\"><layer-tree-layer id=\"group_layer_2\" checked=\"Qt::Checked\"/></layer-tree-group>\n"
		"/qgis/projectlayers - maplayer[other_layer_1]\n"
		"/qgis/projectlayers + <maplayer type=\"vector\"><id>other_layer_1</id><datasource>../o/a.gpkg|layername=a</datasource><layername>A</layername>"
		"<provider encoding=\"UTF-8\">ogr</provider><a v=\"&#xE4;\">\xc3\xb6</a><customproperties><property key=\"QFieldSync/remoteLayerId\" "
		"value=\"other_layer_1\"/><property key=\"QFieldSync/unsupported_source_pk\" value=\"1\"/></customproperties></maplayer>\n"
		"/qgis/projectlayers + " LAYER("group_layer_1", "") "\n/qgis/projectlayers + " LAYER("group_layer_2", "") "\n", "%s", found);
	free(found);
	free(text);
	xmlFreeDoc(before);
	xmlFreeDoc(after);
	done(p);
}
