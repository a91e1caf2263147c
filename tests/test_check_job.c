/* process_projectfile in the real worker, behind its walls: what it tells about a good project, and that no hostile one does more than fail. */
#include <criterion/criterion.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "config.h"
#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/queue/worker_proc.h"
#include "engine/worker/job.h"

TestSuite(check_job, .timeout = 60);

static char top[64];
static char *input, *output, *scratch;

static void setup(void)
{
	char real[PATH_MAX];

	strcpy(top, "/tmp/fp-check-XXXXXX");
	cr_assert(mkdtemp(top));
	cr_assert(realpath(top, real));
	input = fp_path_join(real, "input");
	output = fp_path_join(real, "output");
	scratch = fp_path_join(real, "scratch");
	cr_assert_eq(fp_fs_mkdirs(input, NULL), FP_OK);
	cr_assert_eq(fp_fs_mkdirs(output, NULL), FP_OK);
	cr_assert_eq(fp_fs_mkdirs(scratch, NULL), FP_OK);
}

static void teardown(void)
{
	fp_fs_remove_tree(top, NULL);
	free(input);
	free(output);
	free(scratch);
}

static void put(const char *name, const char *bytes, size_t n)
{
	char *path = fp_path_join(input, name), *dir = fp_path_dir(path);

	cr_assert_eq(fp_fs_mkdirs(dir, NULL), FP_OK);
	cr_assert_eq(fp_fs_write_atomic(path, bytes, n, NULL), FP_OK);
	free(path);
	free(dir);
}

struct heard {
	json_t *project, *layers;
	struct fp_buf log;
};

static void hear(void *arg, enum fp_event_kind kind, const json_t *body)
{
	struct heard *h = arg;

	if (kind == FP_EVENT_PROJECT)
		h->project = json_deep_copy(body);
	else if (kind == FP_EVENT_LAYER)
		json_array_append_new(h->layers, json_deep_copy(body));
	else if (kind == FP_EVENT_LOG)
		fp_buf_addf(&h->log, "%s\n", fp_json_str(body, "text"));
}

static void forget(struct heard *h)
{
	json_decref(h->project);
	json_decref(h->layers);
	fp_buf_free(&h->log);
}

static int layer_s = 20;

static enum fp_status run(struct heard *h, const char *project, int memory_mb, struct fp_error *err)
{
	static const char *const steps[] = {"project_validity_check", "opening_check", "project_details", "check_layers"};
	json_t *list = json_array(), *d;
	struct fp_worker_end end = {0};
	enum fp_status st;

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:b}", "id", steps[i], "name", steps[i], "optional", 0));
	d = json_pack("{s:i,s:i,s:s,s:o,s:s,s:s,s:s,s:s,s:s,s:{},s:{},s:{s:i,s:i,s:i,s:i},s:s}", "protocol", FP_PROTOCOL, "job", 1, "type",
		"process_projectfile", "steps", list, "input", input, "project_file", project, "output", output, "scratch", scratch, "deltas", "", "options",
		"secrets", "limits", "memory_mb", memory_mb, "cpu_s", 50, "file_mb", 64, "layer_s", layer_s, "sandbox", "best-effort");
	cr_assert(d);
	*h = (struct heard){.layers = json_array(), .log = FP_BUF_INIT};
	memset(err, 0, sizeof *err);
	st = fp_worker_run(d, 50000, hear, h, &end, err);
	json_decref(d);
	return st;
}

static void refused(const char *project, const char *why)
{
	struct heard h;
	struct fp_error err;

	cr_expect_eq(run(&h, project, 2048, &err), FP_E_INVALID, "%s: %s", project, err.msg);
	cr_expect(strstr(err.msg, why), "\"%s\" lacks \"%s\"", err.msg, why);
	cr_expect(*err.hint, "%s: nobody says what to do", project);
	cr_expect_null(h.project);
	forget(&h);
}

Test(check_job, unreadable_projects_fail_with_one_clear_line, .init = setup, .fini = teardown)
{
	static const struct {
		const char *name, *text, *why;
	} cases[] = {
		{"empty.qgs", "", "empty"},
		{"text.qgs", "hello", "XML broken at line 1"},
		{"cut.qgs", "<qgis version='3.40'>\n<projectlayers>", "XML broken at line 2"},
		{"html.qgs", "<html><body>Log in</body></html>", "not a QGIS project"},
		{"json.qgs", "{\"a\":1}", "XML broken"},
		{"notzip.qgz", "<qgis/>", "no ZIP archive"},
		{"cut.qgz", "PK\003\004", "damaged archive"},
		{"steal.qgs", "<!DOCTYPE q [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><qgis><title>&e;</title></qgis>", "XML broken"},
		{"bomb.qgs", "<!DOCTYPE q [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;'>]><qgis><title>&c;</title></qgis>", "XML broken"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		put(cases[i].name, cases[i].text, strlen(cases[i].text));
		refused(cases[i].name, cases[i].why);
	}
}

Test(check_job, a_zip_bomb_is_refused_before_it_unpacks, .init = setup, .fini = teardown)
{
	size_t n = 300 << 20;
	char *zeros = fp_alloc(n), *path = fp_path_join(input, "bomb.qgz");
	zip_t *z = zip_open(path, ZIP_CREATE, NULL);

	zip_file_add(z, "bomb.qgs", zip_source_buffer(z, zeros, n, 0), 0);
	cr_assert_eq(zip_close(z), 0);
	free(zeros);
	free(path);
	refused("bomb.qgz", "more than 256 MB");
}

Test(check_job, a_project_that_is_a_link_is_refused, .init = setup, .fini = teardown)
{
	char *link = fp_path_join(input, "p.qgs");

	cr_assert_eq(symlink("/etc/passwd", link), 0);
	refused("p.qgs", "no regular file");
	free(link);
}

static const char project_xml[] =
	"<qgis version='3.40.1-Bratislava'><title>Survey \xe6\x97\xa5</title><projectlayers>"
	"<maplayer type='vector'><id>layer_a_123456</id><layername>Trees \xe6\x97\xa5\xe6\x9c\xac</layername><datasource>./t.geojson</datasource>"
	"<provider>ogr</provider></maplayer>"
	"<maplayer type='vector'><id>layer_b_abcdef</id><layername>Gone &#x202e;evil</layername><datasource>../../secret.gpkg</datasource>"
	"<provider>ogr</provider></maplayer>"
	"<maplayer type='vector'><id>layer_c_ffffff</id><layername>Database</layername><datasource>dbname='x' host=h password='hush'</datasource>"
	"<provider>postgres</provider></maplayer>"
	"<maplayer type='plugin'><id>globe</id></maplayer></projectlayers></qgis>";

static void put_project(void)
{
	static const char geojson[] = "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{},\"geometry\":"
		"{\"type\":\"Point\",\"coordinates\":[1,2]}}]}";

	put("sub/p.qgs", project_xml, sizeof project_xml - 1);
	put("sub/t.geojson", geojson, sizeof geojson - 1);
}

/* The first line of LOG that begins with WORD, or NULL. Caller frees. */
static char *line_with(const char *log, const char *word)
{
	for (const char *p = log; *p;) {
		size_t n = strcspn(p, "\n");
		if (strncmp(p, word, strlen(word)) == 0)
			return fp_strndup(p, n);
		p += n + (p[n] == '\n');
	}
	return NULL;
}

Test(check_job, a_project_is_told_with_its_layers_and_the_table_is_in_the_log, .init = setup, .fini = teardown)
{
	struct heard h;
	struct fp_error err;
	char *head, *ok, *gone;

	put_project();
	cr_assert_eq(run(&h, "sub/p.qgs", 2048, &err), FP_OK, "%s", err.msg);
	cr_assert_str_eq(fp_json_str(h.project, "title"), "Survey \xe6\x97\xa5");
	cr_assert_str_eq(fp_json_str(h.project, "file"), "sub/p.qgs");
	cr_assert_eq(json_array_size(h.layers), 3);
	cr_assert_str_eq(fp_json_str(json_array_get(h.layers, 0), "status"), "ok");
	cr_assert_str_eq(fp_json_str(json_array_get(h.layers, 0), "filename"), "sub/t.geojson");
	cr_assert_str_eq(fp_json_str(json_array_get(h.layers, 1), "status"), "invalid_dataprovider");
	cr_assert_str_eq(fp_json_str(json_array_get(h.layers, 2), "status"), "not_checked");
	head = line_with(h.log.data, "Layer Name");
	ok = line_with(h.log.data, "Trees");
	gone = line_with(h.log.data, "Gone");
	cr_assert(head && ok && gone, "%s", h.log.data);
	cr_assert(strstr(head, "Layer Id") && strstr(head, "Is Valid") && strstr(head, "Status") && strstr(head, "Error Summary") &&
		strstr(head, "Provider Summary"));
	cr_assert(strstr(ok, "...123456") && strstr(ok, "True") && strstr(ok, " ok"));
	cr_assert(strstr(gone, "...abcdef") && strstr(gone, "False") && strstr(gone, "secret.gpkg\" missing."));
	/* The wide name takes two columns a character: three bytes each, so the same column is two bytes further. */
	cr_assert_eq(strstr(ok, "...123456") - ok, strstr(head, "Layer Id") - head + 2);
	cr_assert_null(strstr(h.log.data, "\xe2\x80\xae"));
	cr_assert_null(strstr(h.log.data, "hush"));
	cr_assert(strstr(h.log.data, "plugin"));
	free(head);
	free(ok);
	free(gone);
	forget(&h);
}

Test(check_job, an_embedded_project_beside_the_folder_but_in_the_upload_is_used, .init = setup, .fini = teardown)
{
	static const char embedding[] = "<qgis><projectlayers><maplayer embedded='1' id='layer_a_123456' project='../sub/p.qgs'/></projectlayers></qgis>";
	struct heard h;
	struct fp_error err;

	put_project();
	put("main/m.qgs", embedding, sizeof embedding - 1);
	cr_assert_eq(run(&h, "main/m.qgs", 2048, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(json_array_size(h.layers), 1);
	cr_assert_str_eq(fp_json_str(json_array_get(h.layers, 0), "status"), "ok");
	forget(&h);
}

/* The verdict about layer ID. */
static const json_t *layer(const struct heard *h, const char *id)
{
	const json_t *l;
	size_t i;

	json_array_foreach(h->layers, i, l)
		if (strcmp(fp_json_str(l, "id"), id) == 0)
			return l;
	cr_assert_fail("no layer %s", id);
	return NULL;
}

static void put_three(const char *source)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_adds(&b, "<qgis><projectlayers>");
	for (int i = 1; i <= 3; i++)
		fp_buf_addf(&b, "<maplayer type='vector'><id>layer_number_%d</id><layername>L%d</layername><datasource>%s</datasource><provider>ogr</provider>"
			"</maplayer>", i, i, i == 2 ? source : "./sub/t.geojson");
	fp_buf_adds(&b, "</projectlayers></qgis>");
	put_project();
	put("p.qgs", b.data, b.len);
	fp_buf_free(&b);
}

/* The layer in the middle costs its own row; SAYS is what stands there. */
static void only_the_middle_is_lost(const char *says)
{
	struct heard h;
	struct fp_error err;

	cr_assert_eq(run(&h, "p.qgs", 600, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(json_array_size(h.layers), 3);
	cr_assert_str_eq(fp_json_str(layer(&h, "layer_number_1"), "status"), "ok");
	cr_assert_str_eq(fp_json_str(layer(&h, "layer_number_3"), "status"), "ok");
	cr_assert_str_eq(fp_json_str(layer(&h, "layer_number_2"), "status"), "not_checked");
	cr_assert(json_is_null(json_object_get(layer(&h, "layer_number_2"), "is_valid")));
	cr_assert(strstr(fp_json_str(layer(&h, "layer_number_2"), "sentence"), says), "%s", fp_json_str(layer(&h, "layer_number_2"), "sentence"));
	cr_assert(*fp_json_str(layer(&h, "layer_number_2"), "remedy"));
	cr_assert(strstr(h.log.data, says), "%s", h.log.data);
	forget(&h);
}

Test(check_job, a_layer_that_kills_its_reader_costs_its_own_row, .init = setup, .fini = teardown)
{
	put_three("./sub/t.geojson");
	setenv("FIELDPOST_FAIL_AT", "check:layer_number_2", 1);
	only_the_middle_is_lost("made the reader crash (signal KILL)");
}

Test(check_job, a_layer_that_stalls_its_reader_costs_its_own_row, .init = setup, .fini = teardown)
{
	put_three("./sub/t.geojson");
	setenv("FIELDPOST_STALL_AT", "check:layer_number_2", 1);
	layer_s = 1;
	only_the_middle_is_lost("took longer than 1 s");
}

Test(check_job, data_that_is_too_much_for_us_is_no_fault_of_the_data, .init = setup, .fini = teardown)
{
	struct fp_buf b = FP_BUF_INIT;

	put_three("./big.geojson");
	fp_buf_adds(&b, "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"LineString\",\"coordinates\":[");
	while (b.len < (40 << 20))
		fp_buf_adds(&b, "[1,2],[3,4],[5,6],[7,8],");
	fp_buf_adds(&b, "[1,2]]}}]}");
	put("big.geojson", b.data, b.len);
	fp_buf_free(&b);
	only_the_middle_is_lost("larger than this server reads at once");
}
