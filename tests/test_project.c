/* Reading projects: what is refused and how, the facts in every form that QGIS 1.8 to 4.x wrote, the grammars of data sources. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/changes/layer_source.h"
#include "engine/project/project.h"
#include "engine/project/source.h"

TestSuite(project, .timeout = 60);

static char dir[64];

static void setup(void)
{
	strcpy(dir, "/tmp/fp-project-XXXXXX");
	cr_assert(mkdtemp(dir));
}

static void teardown(void)
{
	fp_fs_remove_tree(dir, NULL);
}

static char *put(const char *name, const void *bytes, size_t n)
{
	char *path = fp_path_join(dir, name), *folder = fp_path_dir(path);

	cr_assert_eq(fp_fs_mkdirs(folder, NULL), FP_OK);
	cr_assert_eq(fp_fs_write_atomic(path, bytes, n, NULL), FP_OK);
	free(folder);
	return path;
}

struct member {
	const char *name, *text;
};

static char *put_zip(const char *name, const struct member *members, size_t n)
{
	char *path = fp_path_join(dir, name);
	zip_t *z = zip_open(path, ZIP_CREATE, NULL);

	cr_assert(z);
	for (size_t i = 0; i < n; i++) {
		zip_source_t *s = zip_source_buffer(z, members[i].text, strlen(members[i].text), 0);
		cr_assert_geq(zip_file_add(z, members[i].name, s, 0), 0);
	}
	cr_assert_eq(zip_close(z), 0);
	return path;
}

static void refused(char *path, const char *why)
{
	struct fp_project *p = NULL;
	struct fp_error err = {0};

	cr_assert_eq(fp_project_open_below(&p, path, NULL, &err), FP_E_INVALID, "%s", path);
	cr_assert(strstr(err.msg, why), "\"%s\" lacks \"%s\"", err.msg, why);
	cr_assert_null(p);
	free(path);
}

static void refused_text(const char *xml, const char *why)
{
	refused(put("p.qgs", xml, strlen(xml)), why);
}

static struct fp_project *opened_at(char *path)
{
	struct fp_project *p = NULL;
	struct fp_error err = {0};

	cr_assert_eq(fp_project_open_below(&p, path, NULL, &err), FP_OK, "%s", err.msg);
	free(path);
	return p;
}

static struct fp_project *opened(const char *xml)
{
	return opened_at(put("p.qgs", xml, strlen(xml)));
}

Test(project, what_is_no_project_is_refused_with_the_reason, .init = setup, .fini = teardown)
{
	refused_text("", "empty file");
	refused_text("hello world", "XML broken at line 1");
	refused_text("{\"type\":\"FeatureCollection\"}", "XML broken");
	refused_text("<qgis version=\"3.40\">\n<title>cut", "XML broken at line 2");
	refused_text("<qgis/>trailing junk", "XML broken");
	refused_text("<html><body>Not found</body></html>", "begins with <html>");
	refused_text("<a>\033[31m</a>", "begins with <a>");
	refused(fp_strdup(dir), "is not a file");
}

Test(project, a_text_that_is_not_in_its_encoding_is_refused_and_not_cut_there, .init = setup, .fini = teardown)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, "<?xml version=\"1.0\" encoding=\"UTF-7\"?><qgis version=\"3.40\"><title>");
	for (int i = 0; i < 5000; i++)
		fp_buf_adds(&b, "a ");
	fp_buf_adds(&b, "\xff\xff</title></qgis>");
	refused_text(b.data, "XML broken at line 1: it is not in the encoding that it declares");
	fp_buf_free(&b);
}

Test(project, a_missing_file_is_not_found, .init = setup, .fini = teardown)
{
	struct fp_project *p = NULL;
	struct fp_error err = {0};
	char *path = fp_path_join(dir, "no.qgs");

	cr_assert_eq(fp_project_open_below(&p, path, NULL, &err), FP_E_NOTFOUND);
	free(path);
}

Test(project, entity_bombs_and_external_entities_are_refused, .init = setup, .fini = teardown)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, "<!DOCTYPE q [<!ENTITY a0 \"ha\">");
	for (int i = 1; i < 30; i++)
		fp_buf_addf(&b, "<!ENTITY a%d \"&a%d;&a%d;&a%d;\">", i, i - 1, i - 1, i - 1);
	fp_buf_adds(&b, "]><qgis><title>&a29;</title></qgis>");
	refused_text(b.data, "XML broken");
	fp_buf_clear(&b);
	fp_buf_adds(&b, "<!DOCTYPE q [<!ENTITY a0 \"ha\"><!ENTITY a1 \"&a0;&a0;\">]><qgis><projectlayers><maplayer type=\"&a1;\"/></projectlayers></qgis>");
	refused_text(b.data, "XML broken");
	fp_buf_free(&b);
	refused_text("<!DOCTYPE q [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><qgis><title>&e;</title></qgis>", "XML broken");
}

Test(project, depth_without_end_is_refused, .init = setup, .fini = teardown)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, "<qgis><title>");
	for (int i = 0; i < 300000; i++)
		fp_buf_adds(&b, "<a>");
	refused_text(b.data, "XML broken");
	fp_buf_free(&b);
}

Test(project, archives_are_held_to_their_limits, .init = setup, .fini = teardown)
{
	static const struct member none = {"a.txt", "x"}, bad = {"p.qgs", "not xml"}, hollow = {"p.qgs", ""};
	struct fp_buf bomb = FP_BUF_INIT;
	struct member large = {.name = "p.qgs"};

	refused(put("empty.qgz", "", 0), "empty file");
	refused(put("text.qgz", "<qgis/>", 7), "named .qgz but is no ZIP");
	refused(put("cut.qgz", "PK\003\004 cut", 8), "damaged archive");
	refused(put_zip("none.qgz", &none, 1), "no .qgs inside");
	refused(put_zip("bad.qgz", &bad, 1), "XML broken");
	refused(put_zip("hollow.qgz", &hollow, 1), "empty");
	fp_buf_adds(&bomb, "<qgis><!--");
	for (int i = 0; i < 200000; i++)
		fp_buf_adds(&bomb, "                                                                                ");
	fp_buf_adds(&bomb, "--></qgis>");
	large.text = bomb.data;
	refused(put_zip("bomb.qgz", &large, 1), "zip bomb");
	fp_buf_free(&bomb);
}

Test(project, an_archive_with_too_many_members_is_refused, .init = setup, .fini = teardown)
{
	struct member *members = fp_alloc(2001 * sizeof *members);
	char *names = fp_alloc(2001 * 8);

	for (int i = 0; i < 2001; i++) {
		snprintf(names + i * 8L, 8, "%d", i);
		members[i] = (struct member){names + i * 8L, "x"};
	}
	refused(put_zip("many.qgz", members, 2001), "more than 2000 members");
	free(members);
	free(names);
}

Test(project, an_archive_opens_whatever_it_is_called_and_the_first_qgs_counts, .init = setup, .fini = teardown)
{
	static const struct member two[] = {{"x.qgd", "SQLite"}, {"A.QGS", "<qgis><title>A</title></qgis>"}, {"b.qgs", "<qgis><title>B</title></qgis>"}};
	static const char *const names[] = {"two.qgz", "two.qgs"};

	for (int i = 0; i < 2; i++) {
		struct fp_project *p = opened_at(put_zip(names[i], two, 3));
		cr_assert_str_eq(p->title, "A");
		fp_project_free(p);
	}
}

Test(project, text_of_any_size_outside_of_the_facts_is_no_obstacle, .init = setup, .fini = teardown)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_project *p;

	fp_buf_adds(&b, "<qgis><Layouts><picture>");
	for (int i = 0; i < (12 << 20) / 64; i++)
		fp_buf_adds(&b, "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q");
	fp_buf_adds(&b, "</picture></Layouts><title>Big</title></qgis>");
	p = opened(b.data);
	cr_assert_str_eq(p->title, "Big");
	fp_project_free(p);
	fp_buf_free(&b);
}

Test(project, damaged_characters_are_mended_as_qgis_does, .init = setup, .fini = teardown)
{
	static const struct {
		const char *xml;
		size_t n;
		const char *title;
	} cases[] = {
		{"<qgis><title>a\001b</title></qgis>", 0, "a\xef\xbf\xbd" "b"},
		{"<qgis><title>\xff\xfe</title></qgis>", 0, "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xef\xbb\xbf<qgis><title>bom</title></qgis>", 0, "bom"},
		{"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><qgis><title>\xe9</title></qgis>", 0, "é"},
		{"<?xml version='1.0' encoding='utf-8'?><qgis><title>日本</title></qgis>", 0, "日本"},
		{"<!DOCTYPE q [<!ENTITY a \"b\">]><qgis><title>&a;</title></qgis>", 0, "b"},
		{"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis><title><![CDATA[<x>]]></title></qgis>", 0, "<x>"},
		{"<qgis><title>a&foo;b</title></qgis>", 0, "ab"},
		{"\xff\xfe<\0q\0/\0>\0", 10, NULL},
		{"\xff\xfe<\0q\0g\0i\0s\0/\0>\0", 16, ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *path = put("p.qgs", cases[i].xml, cases[i].n ? cases[i].n : strlen(cases[i].xml));
		struct fp_project *p;
		if (!cases[i].title) {
			refused(path, "begins with <q>");
			continue;
		}
		p = opened_at(path);
		cr_assert_str_eq(p->title, cases[i].title, "case %zu: %s", i, p->title);
		fp_project_free(p);
	}
}

Test(project, characters_cut_by_the_edge_of_a_piece_stay_whole, .init = setup, .fini = teardown)
{
	enum { LAYERS = 1000, CHARACTERS = 700 };
	struct fp_buf b = FP_BUF_INIT;
	struct fp_project *p;

	fp_buf_adds(&b, "<qgis><projectlayers>");
	for (int i = 0; i < LAYERS; i++) {
		fp_buf_addf(&b, "<maplayer type='vector'><id>layer_number_%d</id><layername>", i);
		for (int k = 0; k < CHARACTERS; k++)
			fp_buf_adds(&b, "ü日");
		fp_buf_adds(&b, "</layername></maplayer>");
	}
	fp_buf_adds(&b, "</projectlayers></qgis>");
	p = opened(b.data);
	cr_assert_eq(p->n_layers, LAYERS);
	for (size_t i = 0; i < p->n_layers; i++) {
		cr_assert_eq(strlen(p->layers[i].name), CHARACTERS * strlen("ü日"));
		cr_assert_null(strstr(p->layers[i].name, "\xef\xbf\xbd"));
	}
	fp_project_free(p);
	fp_buf_free(&b);
}

Test(project, a_text_without_end_is_cut_between_characters, .init = setup, .fini = teardown)
{
	struct fp_buf b = FP_BUF_INIT;
	struct fp_project *p;

	fp_buf_adds(&b, "<qgis><title>");
	for (int i = 0; i < 100000; i++)
		fp_buf_adds(&b, "日");
	fp_buf_adds(&b, "</title></qgis>");
	p = opened(b.data);
	cr_assert_leq(strlen(p->title), 16 << 10);
	cr_assert_gt(strlen(p->title), 16000);
	cr_assert_eq(strlen(p->title) % strlen("日"), 0);
	fp_project_free(p);
	fp_buf_free(&b);
}

Test(project, layers_that_share_a_short_id_are_numbered_past_the_numbers_in_use, .init = setup, .fini = teardown)
{
	static const char *const ids[] = {"a", "a (2)", "a (3)", "a (4)", "a (5)"};
	struct fp_project *p = opened("<qgis><projectlayers><maplayer type='vector'><id>a</id></maplayer><maplayer type='vector'><id>a (3)</id></maplayer>"
		"<maplayer type='vector'><id>a</id></maplayer><maplayer type='vector'><id>a</id></maplayer><maplayer type='vector'><id>a</id></maplayer>"
		"</projectlayers></qgis>");

	cr_assert_eq(p->n_layers, 5);
	for (size_t i = 0; i < p->n_layers; i++)
		cr_expect_str_eq(p->layers[i].id, ids[i]);
	fp_project_free(p);
}

#define SRS(id) "<spatialrefsys><authid>" id "</authid></spatialrefsys>"

Test(project, the_crs_follows_the_rule_of_each_version, .init = setup, .fini = teardown)
{
	static const char *const cases[][2] = {
		{"<qgis version='3.40.1-x'><projectCrs>" SRS("EPSG:2056") "</projectCrs></qgis>", ""},
		{"<qgis version='3.40.1'><projectCrs>" SRS("EPSG:2056") "</projectCrs><properties><SpatialRefSys>"
		 "<ProjectionsEnabled type='int'>1</ProjectionsEnabled></SpatialRefSys></properties></qgis>", "EPSG:2056"},
		{"<qgis version='3.40.1'><projectCrs>" SRS("EPSG:2056") "</projectCrs><properties><SpatialRefSys>"
		 "<ProjectionsEnabled type='int'>0</ProjectionsEnabled></SpatialRefSys></properties></qgis>", ""},
		{"<qgis version='3.4.0'><properties><SpatialRefSys><ProjectCrs type='QString'>EPSG:3857</ProjectCrs>"
		 "<ProjectionsEnabled type='int'>1</ProjectionsEnabled></SpatialRefSys></properties></qgis>", "EPSG:3857"},
		{"<qgis version='4.0.0'><projectCrs>" SRS("EPSG:25832") "</projectCrs><properties name='properties'><properties name='SpatialRefSys'>"
		 "<properties name='ProjectionsEnabled' type='int'>1</properties></properties></properties></qgis>", "EPSG:25832"},
		{"<qgis version='2.18.0'><mapcanvas><destinationsrs>" SRS("EPSG:31468") "</destinationsrs></mapcanvas></qgis>", "EPSG:31468"},
		{"<qgis version='1.8.0'><mapcanvas><destinationsrs>" SRS("EPSG:4326") "</destinationsrs></mapcanvas><properties><SpatialRefSys>"
		 "<ProjectionsEnabled type='int'>0</ProjectionsEnabled></SpatialRefSys></properties></qgis>", "EPSG:4326"},
		{"<qgis version='3.10'><projectCrs>" SRS("USER:100000") "</projectCrs><properties><SpatialRefSys>"
		 "<ProjectionsEnabled type='int'>1</ProjectionsEnabled></SpatialRefSys></properties></qgis>", ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fp_project *p = opened(cases[i][0]);
		cr_assert_str_eq(p->crs, cases[i][1], "case %zu: \"%s\"", i, p->crs);
		fp_project_free(p);
	}
}

Test(project, what_a_crs_means_is_decided_as_qgis_decides_it, .init = setup, .fini = teardown)
{
	static const struct {
		const char *srs, *crs;
	} cases[] = {
		{"<authid>EPSG:2056</authid>", "EPSG:2056"},
		{"<authid>epsg:2056</authid>", "EPSG:2056"},
		{"<srsid>47</srsid><authid>EPSG:2056</authid><wkt>X[ID[\"EPSG\",4326]]</wkt>", "EPSG:2056"},
		{"<authid>EPSG:2056</authid><wkt>X[A[\"a\"],ID[\"EPSG\",4326]]</wkt>", "EPSG:4326"},
		{"<srsid>100001</srsid><authid>USER:100001</authid><wkt>X[AUTHORITY[\"EPSG\",\"4326\"]]</wkt>", "EPSG:4326"},
		{"<srsid>47</srsid><authid> EPSG:2056 </authid>", ""},
		{"<srsid>47</srsid><authid>2056</authid><wkt>X[ID[\"EPSG\",4326]]</wkt>", "EPSG:4326"},
		{"<authid></authid><wkt>X[ID[\"EPSG\",4326],A[\"a\"]]</wkt>", ""},
		{"<authid>EPSG:</authid><wkt>[</wkt>", ""},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *xml = fp_asprintf("<qgis version='3.40'><projectlayers><maplayer type='vector'><id>a_layer_of_a_project</id><srs><spatialrefsys>%s"
			"</spatialrefsys></srs></maplayer></projectlayers></qgis>", cases[i].srs);
		struct fp_project *p = opened(xml);
		cr_expect_str_eq(p->layers[0].crs, cases[i].crs, "%s: %s", cases[i].srs, p->layers[0].crs);
		fp_project_free(p);
		free(xml);
	}
}

Test(project, title_background_and_attachment_folders_are_found_in_both_forms, .init = setup, .fini = teardown)
{
	struct fp_project *p = opened("<qgis projectname='' version=\"3.30.0-'s-Hertogenbosch\"><title>Old</title><projectMetadata><title>New</title>"
		"</projectMetadata><properties><QFieldSync><other/></QFieldSync><qfieldsync><attachmentDirs type='QStringList'><value>DCIM</value>"
		"<value>audio</value></attachmentDirs></qfieldsync><Gui><CanvasColorRedPart type='int'>1</CanvasColorRedPart>"
		"<CanvasColorBluePart type='int'>999</CanvasColorBluePart></Gui></properties></qgis>");

	cr_assert_str_eq(p->title, "New");
	cr_assert_str_eq(p->qgis_version, "3.30.0-'s-Hertogenbosch");
	cr_assert_str_eq(p->background_color, "#01ffff");
	cr_assert_eq(p->attachment_dirs.n, 2);
	cr_assert_str_eq(p->attachment_dirs.items[1], "audio");
	fp_project_free(p);

	p = opened("<qgis version='4.0'><title>T</title><projectMetadata><title/></projectMetadata><properties name='properties'>"
		"<properties name='QFieldSync'><properties name='attachmentDirs' type='QStringList'><value>pics</value></properties></properties>"
		"<properties name='Gui'><properties name='CanvasColorGreenPart' type='int'>0</properties></properties></properties></qgis>");
	cr_assert_str_eq(p->title, "T");
	cr_assert_str_eq(p->background_color, "#ff00ff");
	cr_assert_str_eq(p->attachment_dirs.items[0], "pics");
	fp_project_free(p);

	p = opened("<qgis/>");
	cr_assert_str_eq(p->title, "");
	cr_assert_str_eq(p->qgis_version, "");
	cr_assert_str_eq(p->attachment_dirs.items[0], "DCIM");
	cr_assert_not(p->has_extent);
	fp_project_free(p);
}

#define BOX(a) "<extent><xmin>" a "</xmin><ymin>0</ymin><xmax>9</xmax><ymax>9</ymax></extent>"

Test(project, who_makes_defaults_is_told_in_both_forms, .init = setup, .fini = teardown)
{
	static const struct {
		const char *xml;
		int provider;
	} cases[] = {
		{"<qgis version='3.22.16'><evaluateDefaultValues active='1'/></qgis>", 1}, {"<qgis version='3.22.16'><evaluateDefaultValues active='0'/></qgis>", 0},
		{"<qgis version='3.40.6'><projectFlags set='EvaluateDefaultValuesOnProviderSide|TrustStoredLayerStatistics'/></qgis>", 1},
		{"<qgis version='3.40.6'><projectFlags set=''/></qgis>", 0}, {"<qgis version='3.4.1'/>", 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fp_project *p = opened(cases[i].xml);
		cr_expect_eq(p->provider_defaults, cases[i].provider, "%s", cases[i].xml);
		fp_project_free(p);
	}
}

Test(project, the_extent_is_the_map_canvas_then_the_view_then_the_layers, .init = setup, .fini = teardown)
{
	static const struct {
		const char *xml;
		int has;
		double xmin;
	} cases[] = {
		{"<qgis><mapcanvas name='mAreaCanvas'>" BOX("1") "</mapcanvas><mapcanvas name='theMapCanvas'>" BOX("2") "</mapcanvas></qgis>", 1, 2},
		{"<qgis><mapcanvas>" BOX("3") "</mapcanvas></qgis>", 1, 3},
		{"<qgis><mapcanvas name='wid_bbox'>" BOX("1") "</mapcanvas><ProjectViewSettings><DefaultViewExtent xmin='4' ymin='0' xmax='5' ymax='5'/>"
		 "</ProjectViewSettings></qgis>", 1, 4},
		{"<qgis><projectlayers><maplayer type='vector'><id>a</id>" BOX("6") "</maplayer><maplayer type='vector'><id>b</id>" BOX("5") "</maplayer>"
		 "<maplayer type='vector'><id>c</id><srs>" SRS("EPSG:4326") "</srs>" BOX("-180") "</maplayer></projectlayers></qgis>", 1, 5},
		{"<qgis><mapcanvas name='theMapCanvas'>" BOX("inf") "</mapcanvas></qgis>", 0, 0},
		{"<qgis><mapcanvas name='theMapCanvas'>" BOX("abc") "</mapcanvas></qgis>", 0, 0},
		{"<qgis><mapcanvas name='theMapCanvas'>" BOX("10") "</mapcanvas></qgis>", 0, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fp_project *p = opened(cases[i].xml);
		cr_assert_eq(p->has_extent, cases[i].has, "case %zu", i);
		cr_assert(!p->has_extent || p->extent[0] == cases[i].xmin, "case %zu: %f", i, p->extent[0]);
		fp_project_free(p);
	}
}

Test(project, layers_are_the_maplayers_sorted_by_id_and_nothing_else, .init = setup, .fini = teardown)
{
	struct fp_project *p = opened("<qgis><layer-tree-group><layer-tree-layer id='ghost' source='x' providerKey='ogr'/></layer-tree-group>"
		"<main-annotation-layer type='annotation'><id>annotations</id></main-annotation-layer><projectlayers>"
		"<maplayer type='VECTOR' wkbType='MultiPolygon' geometry='Polygon' readOnly='1'><id>z_1</id><layername>Z &amp; é</layername>"
		"<datasource>./z.gpkg|layername=z</datasource><provider encoding='UTF-8'>ogr</provider><srs>" SRS("EPSG:2056") "</srs></maplayer>"
		"<maplayer type='raster'><id>a_12345678901</id><datasource>./a.tif</datasource></maplayer>"
		"<maplayer type='raster'><id>a_12345678901</id><datasource>./second.tif</datasource></maplayer>"
		"<maplayer type='plugin'><id>globe</id></maplayer><maplayer type='frob'><id>f</id></maplayer>"
		"<maplayer type='vector'><id>m</id><provider/><srs>" SRS("USER:100001") "</srs></maplayer></projectlayers></qgis>");
	const struct fp_layer_def *z;

	cr_assert_eq(p->n_layers, 3);
	cr_assert_str_eq(p->layers[0].id, "a_12345678901");
	cr_assert_str_eq(p->layers[0].datasource, "./a.tif");
	cr_assert_null(p->layers[0].provider);
	cr_assert_str_eq(p->layers[1].provider, "");
	cr_assert_str_eq(p->layers[1].crs, "");
	z = fp_project_layer(p, "z_1");
	cr_assert_str_eq(z->type, "vector");
	cr_assert_str_eq(z->name, "Z & é");
	cr_assert_str_eq(z->encoding, "UTF-8");
	cr_assert_str_eq(z->wkb_type, "MultiPolygon");
	cr_assert_str_eq(z->crs, "EPSG:2056");
	cr_assert_eq(z->read_only, 1);
	cr_assert_str_eq(z->home, dir);
	cr_assert_eq(p->notes.n, 3); /* one twice, one plugin, one unknown */
	cr_assert_null(fp_project_layer(p, "ghost"));
	fp_project_free(p);
}

Test(project, short_ids_may_be_shared_since_qgis_replaces_them, .init = setup, .fini = teardown)
{
	struct fp_project *p = opened("<qgis><projectlayers><maplayer type='vector'><id>dup</id><layername>1</layername></maplayer>"
		"<maplayer type='vector'><id>dup</id><layername>2</layername></maplayer><maplayer type='vector'><layername>3</layername></maplayer>"
		"<maplayer type='vector'><layername>4</layername></maplayer></projectlayers></qgis>");

	cr_assert_eq(p->n_layers, 4);
	cr_assert_str_eq(fp_project_layer(p, "dup")->name, "1");
	cr_assert_str_eq(fp_project_layer(p, "dup (2)")->name, "2");
	cr_assert_str_eq(fp_project_layer(p, "")->name, "3");
	cr_assert_str_eq(fp_project_layer(p, " (2)")->name, "4");
	fp_project_free(p);
}

Test(project, defaults_joined_and_expression_fields_are_told, .init = setup, .fini = teardown)
{
	struct fp_project *p = opened("<qgis><projectlayers><maplayer type='vector'><id>a</id><layername>A</layername>"
		"<vectorjoins><join joinLayerId='b' joinFieldName='code' targetFieldName='kind'/>"
		"<join joinLayerId='b' joinFieldName='code' hasCustomPrefix='1' customPrefix='j_'><joinFieldsSubset><field name='text'/></joinFieldsSubset></join>"
		"<join joinLayerId='gone' joinFieldName='x'/></vectorjoins>"
		"<fieldConfiguration><field name='fid'/><field name='when'/></fieldConfiguration>"
		"<defaults><default field='fid' expression='' applyOnUpdate='0'/><default field='when' expression='now()' applyOnUpdate='1'/>"
		"<default field='extra' expression=\"'x'\" applyOnUpdate='0'/></defaults>"
		"<expressionfields><field name='sum' expression='1+1'/></expressionfields></maplayer>"
		"<maplayer type='vector'><id>b</id><layername>B</layername><edittypes><edittype name='code'/><edittype name='text'/></edittypes></maplayer>"
		"</projectlayers></qgis>");
	const struct fp_layer_def *a = fp_project_layer(p, "a");

	cr_assert_eq(a->n_fields, 3);
	cr_assert_null(a->fields[0].default_expression);
	cr_assert_str_eq(a->fields[1].default_expression, "now()");
	cr_assert_eq(a->fields[1].default_on_update, 1);
	cr_assert_str_eq(a->fields[2].name, "extra");
	cr_assert_eq(a->joined_fields.n, 3);
	cr_assert(fp_strv_has(&a->joined_fields, "sum"));
	cr_assert(fp_strv_has(&a->joined_fields, "B_text"));
	cr_assert(fp_strv_has(&a->joined_fields, "j_text"));
	fp_project_free(p);
}

Test(project, embedded_layers_and_groups_are_resolved_against_their_own_project, .init = setup, .fini = teardown)
{
	static const char other[] = "<qgis><layer-tree-group><layer-tree-group name='G'><layer-tree-layer id='g1'/><layer-tree-group name='H'>"
		"<layer-tree-layer id='g2'/></layer-tree-group></layer-tree-group></layer-tree-group><projectlayers>"
		"<maplayer type='vector'><id>one</id><datasource>./one.gpkg</datasource></maplayer>"
		"<maplayer type='vector'><id>g1</id></maplayer><maplayer type='vector'><id>g2</id></maplayer><maplayer type='vector'><id>no</id></maplayer>"
		"<maplayer embedded='1' id='deep' project='./third.qgs'/></projectlayers></qgis>";
	struct fp_project *p;
	char *home, *link = fp_path_join(dir, "way-out");

	free(put("sub/other.qgs", other, sizeof other - 1));
	cr_assert_eq(symlink("/etc", link), 0);
	free(link);
	p = opened("<qgis><layer-tree-group><layer-tree-group name='G'><customproperties><Option type='Map'><Option name='embedded' value='1'/>"
		"<Option name='embedded_project' value='sub/other.qgs'/></Option></customproperties></layer-tree-group></layer-tree-group><projectlayers>"
		"<maplayer embedded='1' id='one' project='./sub/other.qgs'/><maplayer embedded='1' id='deep' project='./sub/other.qgs'/>"
		"<maplayer embedded='1' id='x' project='./gone.qgs'/><maplayer embedded='1' id='x' project='../../etc/x.qgs'/>"
		"<maplayer embedded='1' id='x' project='./way-out/passwd'/></projectlayers></qgis>");
	cr_assert_eq(p->n_layers, 3);
	home = fp_path_join(dir, "sub");
	cr_assert_str_eq(fp_project_layer(p, "one")->home, home);
	cr_assert_str_eq(fp_project_layer(p, "g2")->home, home);
	cr_assert_null(fp_project_layer(p, "deep"));
	cr_assert_eq(p->notes.n, 3);
	cr_assert(strstr(p->notes.items[0], "missing project file"));
	cr_assert(strstr(p->notes.items[1], "outside the project folder"));
	cr_assert(strstr(p->notes.items[2], "outside the project folder"));
	free(home);
	fp_project_free(p);
}

static void resolves(const char *path, const char *want)
{
	char *got = fp_source_resolve(dir, path), *full = want[0] == '~' ? fp_asprintf("%s%s", dir, want + 1) : fp_strdup(want);

	cr_assert_str_eq(got, full, "%s gives %s, not %s", path, got, full);
	free(got);
	free(full);
}

Test(project, paths_are_resolved_as_qgis_does, .init = setup, .fini = teardown)
{
	char *vsi = fp_asprintf("/vsizip/%s/a.zip/in.geojson", dir);

	free(put("here.shp", "x", 1));
	resolves("./a.shp", "~/a.shp");
	resolves("./nodir/../pts.shp", "~/pts.shp");
	resolves("../x/a.gpkg", "/tmp/x/a.gpkg");
	resolves("here.shp", "~/here.shp");
	resolves("gone.shp", "gone.shp");
	resolves("/abs/a.shp", "/abs/a.shp");
	resolves("C:\\Users\\a.shp", "C:\\Users\\a.shp");
	resolves(".\\a.shp", ".\\a.shp");
	resolves("localized:x.gpkg", "");
	resolves("", "");
	resolves("/vsizip/./a.zip/in.geojson", vsi);
	free(vsi);
}

static void ogr(const char *source, const char *path, const char *vsi, const char *inner, const char *name, int id, const char *subset)
{
	struct fp_ogr_source s;

	fp_ogr_source_parse(&s, "/p", source);
	cr_assert_str_eq(s.path, path, "%s: path %s", source, s.path);
	cr_assert_str_eq(s.vsi, vsi, "%s: vsi %s", source, s.vsi);
	cr_assert_str_eq(s.inner, inner, "%s: inner %s", source, s.inner);
	cr_assert(name ? s.layername && strcmp(s.layername, name) == 0 : !s.layername, "%s: name", source);
	cr_assert_eq(s.layerid, id);
	cr_assert_str_eq(s.subset, subset, "%s: subset %s", source, s.subset);
	fp_ogr_source_clear(&s);
}

Test(project, ogr_sources_are_taken_apart)
{
	ogr("./a.gpkg", "/p/a.gpkg", "", "", NULL, 0, "");
	ogr("./a.gpkg|layername=x y", "/p/a.gpkg", "", "", "x y", 0, "");
	ogr("./a.gpkg|LayerName=", "/p/a.gpkg", "", "", "", 0, "");
	ogr("./a.shp|layerid=2|geometrytype=Point|uniqueGeometryType=yes", "/p/a.shp", "", "", NULL, 2, "");
	ogr("./a.gpkg|subset=\"a\" = 'x|y'\nAND 1|layername=t", "/p/a.gpkg", "", "", "t", 0, "\"a\" = 'x|y'\nAND 1");
	ogr("./a.shp|frob=1", "/p/a.shp|frob=1", "", "", NULL, 0, "");
	ogr("./a.zip", "/p/a.zip", "/vsizip/", "", NULL, 0, "");
	ogr("./a.zip|layername=y", "/p/a.zip", "", "", "y", 0, "");
	ogr("./a.tar.gz", "/p/a.tar.gz", "/vsitar/", "", NULL, 0, "");
	ogr("./a.geojson.gz", "/p/a.geojson.gz", "/vsigzip/", "", NULL, 0, "");
	ogr("/vsizip/./a.zip/in.geojson|layername=z", "/p/a.zip", "/vsizip/", "/in.geojson", "z", 0, "");
	ogr("./a.csv authcfg='abc1234'|layername=c", "/p/a.csv", "", "", "c", 0, "");
	ogr("", "", "", "", NULL, 0, "");
}

static void encoded(const char *path, const char *encoding, const char *option)
{
	struct fp_layer_def l = {.provider = (char *)"ogr", .home = (char *)"/p", .datasource = (char *)path, .encoding = (char *)encoding};
	struct fp_ogr_source s;

	cr_assert_eq(fp_layer_source(&s, &l, NULL), FP_OK);
	cr_expect_str_eq(s.options.n ? s.options.items[0] : "", option, "%s in %s", path, encoding);
	fp_ogr_source_clear(&s);
}

Test(project, a_shapefile_is_in_the_encoding_that_the_project_names)
{
	encoded("./a.shp", "windows-1252", "ENCODING=windows-1252");
	encoded("/vsizip/./a.zip/a.shp", "UTF-8", "ENCODING=UTF-8");
	encoded("./a.shp", "System", "");
	encoded("./a.shp", "", "");
	encoded("./a.shp", "x//TRANSLIT", "");
	encoded("./a.csv", "windows-1252", "");
}

Test(project, open_options_are_collected)
{
	struct fp_ogr_source s;

	fp_ogr_source_parse(&s, "/p", "./a.xlsx|option:HEADERS=FORCE|layername=Sheet|option:X=1");
	cr_assert_eq(s.options.n, 2);
	cr_assert_str_eq(s.options.items[0], "HEADERS=FORCE");
	cr_assert_str_eq(s.options.items[1], "X=1");
	cr_assert_str_eq(s.path, "/p/a.xlsx");
	fp_ogr_source_clear(&s);
}

Test(project, uris_with_quotes_escapes_and_queries_are_read)
{
	struct fp_uri u;

	fp_uri_parse(&u, " dbname='my\\'db' host=h port=5432 password='a b=\\\\c' key=\"id\" table=\"sch\".\"t\\\"x\" (geom) sql= a = 'b' ");
	cr_assert_str_eq(fp_uri_get(&u, "dbname"), "my'db");
	cr_assert_str_eq(fp_uri_get(&u, "port"), "5432");
	cr_assert_str_eq(fp_uri_get(&u, "password"), "a b=\\c");
	cr_assert_str_eq(fp_uri_get(&u, "key"), "id");
	cr_assert_str_eq(fp_uri_get(&u, "none"), "");
	cr_assert_str_eq(u.schema, "sch");
	cr_assert_str_eq(u.table, "t\"x");
	cr_assert_str_eq(u.geometry, "geom");
	cr_assert_str_eq(u.sql, "a = 'b'");
	fp_uri_clear(&u);
	fp_uri_parse(&u, "dbname='./a.db' table=\"(SELECT * FROM \\\"x\\\")\" (g)");
	cr_assert_str_eq(u.table, "(SELECT * FROM \"x\")");
	cr_assert_str_eq(u.schema, "");
	fp_uri_clear(&u);
	fp_uri_parse(&u, "dbname='never ends table=");
	cr_assert_str_eq(fp_uri_get(&u, "dbname"), "never ends table=");
	fp_uri_clear(&u);
	fp_uri_parse(&u, "frob");
	fp_uri_clear(&u);
}

Test(project, queries_keep_their_plus_signs)
{
	struct fp_query q;

	fp_query_parse(&q, "type=csv&delimiter=%5Ct&xField=a+b&&flag&url=http%3A%2F%2Fx%2F%7Bz%7D%zz");
	cr_assert_str_eq(fp_query_get(&q, "delimiter"), "\\t");
	cr_assert_str_eq(fp_query_get(&q, "xField"), "a+b");
	cr_assert_str_eq(fp_query_get(&q, "flag"), "");
	cr_assert_str_eq(fp_query_get(&q, "url"), "http://x/{z}%zz");
	cr_assert_null(fp_query_get(&q, "nope"));
	fp_query_clear(&q);
}

Test(project, secrets_never_leave_a_data_source)
{
	static const char *const cases[][2] = {
		{"dbname='x' user='u' password='se cr\\'et' key='id'", "dbname='x' user='u' password=*** key='id'"},
		{"host=h password=secret sslmode=disable", "host=h password=*** sslmode=disable"},
		{"PASSWORD = 'secret'", "PASSWORD =***"},
		{"url=https://me:secret@h/wfs", "url=https://***@h/wfs"},
		{"type=xyz&url=https%3A%2F%2Fme%3Asecret%40h%2F%7Bx%7D", "type=xyz&url=https%3A%2F%2F***%40h%2F%7Bx%7D"},
		{"url=https://h/?token=secret&z=1", "url=https://h/?token=***&z=1"},
		{"url=https%3A%2F%2Fh%3Fapikey%3Dsecret%26z%3D1&crs=x", "url=https%3A%2F%2Fh%3Fapikey%3D***%26z%3D1&crs=x"},
		{"username=u&password=se%26secret&url=x", "username=u&password=***&url=x"},
		{"http-header:authorization=Basic%20secret&url=x", "http-header:authorization=***&url=x"},
		{"password='secret never ends", "password=***"},
		{"host=h password\t=\tsecret port=1", "host=h password\t=*** port=1"},
		{"host=h password=with'secret&secret port=1", "host=h password=*** port=1"},
		{"user='u'password=with'secret port=1", "user='u'password=*** port=1"},
		{"./a.gpkg|layername=design=1", "./a.gpkg|layername=design=1"},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *got = fp_source_redact(cases[i][0]);
		cr_assert_str_eq(got, cases[i][1], "%s", got);
		free(got);
	}
}

Test(project, saved_logins_and_shared_folders_are_recognised)
{
	int bare = -1;
	char *name = fp_source_authcfg("url=x authcfg=abc1234", &bare);

	cr_assert_str_eq(name, "abc1234");
	cr_assert_eq(bare, 1);
	free(name);
	name = fp_source_authcfg("authcfg='zzz9999' url=x", &bare);
	cr_assert_str_eq(name, "zzz9999");
	cr_assert_eq(bare, 0);
	free(name);
	cr_assert_null(fp_source_authcfg("authcfg=short", NULL));
	cr_assert(fp_source_is_localized("localized:a.gpkg"));
	cr_assert(fp_source_is_localized("type=mbtiles&url=file:localized:a.mbtiles"));
	cr_assert_not(fp_source_is_localized("./localized:a.gpkg"));
}
