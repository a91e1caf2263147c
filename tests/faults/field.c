#include "tests/faults/field.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/queue/plan.h"
#include "engine/store/changes.h"
#include "engine/store/projects.h"
#include "tests/postgres.h"
#include "tests/put_file.h"

#define TREES "trees_00000000_0000_4000_8000_000000000001"
#define POSTS "posts_00000000_0000_4000_8000_000000000002"

static struct fp_error err;

int field_dice(struct field *f, int sides)
{
	return (int)((unsigned)rand_r(&f->state) % (unsigned)sides);
}

/* ---- the projects ---- */

static const char trail[] =
	"CREATE TABLE trail (seq INTEGER PRIMARY KEY, op TEXT, fid INTEGER, note TEXT);"
	"CREATE TRIGGER trail_i AFTER INSERT ON trees BEGIN INSERT INTO trail (op, fid, note) VALUES ('create', new.fid, new.note); END;"
	"CREATE TRIGGER trail_u AFTER UPDATE ON trees BEGIN INSERT INTO trail (op, fid, note) VALUES ('patch', new.fid, new.note); END;"
	"CREATE TRIGGER trail_d AFTER DELETE ON trees BEGIN INSERT INTO trail (op, fid, note) VALUES ('delete', old.fid, old.note); END;";

static const char table[] =
	"CREATE TABLE posts (id serial PRIMARY KEY, note text, geom geometry(Point, 2056));"
	"CREATE TABLE trail (seq serial PRIMARY KEY, op text, fid int, note text);"
	"CREATE FUNCTION walk() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ BEGIN"
	" IF TG_OP = 'DELETE' THEN INSERT INTO trail (op, fid, note) VALUES ('delete', OLD.id, OLD.note); RETURN OLD; END IF;"
	" INSERT INTO trail (op, fid, note) VALUES (CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE 'patch' END, NEW.id, NEW.note); RETURN NEW; END $$;"
	"CREATE TRIGGER trail AFTER INSERT OR UPDATE OR DELETE ON posts FOR EACH ROW EXECUTE FUNCTION walk();";

static char *layer_text(const char *id, const char *name, const char *provider, const char *source)
{
	return fp_asprintf("<maplayer type=\"vector\" geometry=\"Point\"><id>%s</id><datasource>%s</datasource><layername>%s</layername>"
		"<provider encoding=\"UTF-8\">%s</provider></maplayer>", id, source, name, provider);
}

static void put_project(struct field *f, const struct plot *p)
{
	char *source = fp_asprintf("service='geo' key='id' table=\"plot%d\".\"posts\" (geom)", p->number);
	char *trees = layer_text(TREES, "trees", "ogr", "./survey.gpkg|layername=trees"), *posts = layer_text(POSTS, "posts", "postgres", source);
	char *text = fp_asprintf("<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.40.0\"><projectlayers>%s%s</projectlayers></qgis>",
		trees, f->kind == FIELD_DATABASE ? posts : "");

	home_put(&f->h, "p.qgs", text);
	free(source);
	free(trees);
	free(posts);
	free(text);
}

static void put_data(struct field *f)
{
	char *from = fp_asprintf("%s/data/sample/project/survey.gpkg", getenv("FIELDPOST_SOURCE")), *path = fp_path_join(f->h.folder, "survey.gpkg");
	struct fp_buf b = FP_BUF_INIT;
	sqlite3 *db;

	cr_assert_eq(fp_fs_read(&b, from, 1 << 26, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_fs_write_atomic(path, b.data, b.len, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, trail, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
	cr_assert_eq(put_file(f->h.s, f->h.project, "survey.gpkg", path, NULL, &err), FP_OK, "%s", err.msg);
	fp_buf_free(&b);
	free(from);
	free(path);
}

static void make_database(struct field *f, const struct plot *p)
{
	char *sql = fp_asprintf("CREATE SCHEMA plot%d AUTHORIZATION ada; SET SESSION AUTHORIZATION ada; SET search_path = plot%d, public; %s", p->number,
		p->number, table), *services = fp_asprintf("[geo]\nhost=127.0.0.1\nport=%d\ndbname=%s\nuser=ada\npassword=open-sesame\n",
		postgres_port(), f->database);

	postgres_rows(f->database, sql, NULL, NULL);
	cr_assert_eq(fp_queue_secret_set(f->h.s, &f->h.t, f->h.project, "GEO", "pgservice", services, strlen(services), "anna", &err), FP_OK, "%s", err.msg);
	free(sql);
	free(services);
}

static void make_plot(struct field *f, struct plot *p)
{
	char name[24];

	snprintf(name, sizeof name, "Plot %d", p->number);
	cr_assert_eq(fp_project_create(f->h.s, p->project, name, "anna", &err), FP_OK);
	memcpy(f->h.project, p->project, sizeof p->project);
	if (f->kind == FIELD_FAKE) {
		home_put(&f->h, "p.qgs", "<qgis/>");
		home_script(&f->h, FP_JOB_DELTA_APPLY, "step apply_deltas started\napply slowly\nstep apply_deltas finished\n");
		home_process(&f->h);
		return;
	}
	put_project(f, p);
	put_data(f);
	if (f->kind == FIELD_DATABASE)
		make_database(f, p);
	fp_queue_trigger(f->h.s, &f->h.t, p->project, FP_JOB_PROCESS_PROJECTFILE, "manual", "anna", &err);
	home_run(&f->h);
	cr_assert_eq(home_number(&f->h, "SELECT status = 'finished' FROM job ORDER BY id DESC"), 1, "%s",
		home_text(&f->h, "SELECT verdict FROM job ORDER BY id DESC"));
}

void field_open(struct field *f, enum field_kind kind, int n, unsigned seed)
{
	memset(f, 0, sizeof *f);
	home_open(&f->h);
	if (kind != FIELD_FAKE)
		setenv("FIELDPOST_LIBEXEC", getenv("FIELDPOST_BUILD"), 1);
	f->kind = kind;
	f->state = seed;
	if (kind == FIELD_DATABASE) {
		char *sql = fp_asprintf("CREATE DATABASE gis_%d TEMPLATE gis", (int)getpid());
		snprintf(f->database, sizeof f->database, "gis_%d", (int)getpid());
		postgres_rows("postgres", sql, NULL, NULL);
		free(sql);
	}
	for (f->n = 0; f->n < n; f->n++) {
		f->plots[f->n].number = f->n + 1;
		make_plot(f, &f->plots[f->n]);
	}
}

void field_close(struct field *f)
{
	for (int i = 0; i < f->n; i++) {
		free(f->plots[i].features);
		free(f->plots[i].last);
	}
	if (f->h.s)
		home_close(&f->h);
}

const char *field_data(struct field *f, const struct plot *p)
{
	static char *path;
	char *sql = fp_asprintf("SELECT path FROM file_version v JOIN file f ON f.id = v.file_id AND f.version = v.version"
		" WHERE f.name IN ('survey.gpkg', 'data.txt') AND f.project_id = '%s'", p->project);

	free(path);
	path = fp_path_join(f->h.path, home_text(&f->h, sql));
	free(sql);
	return path;
}

/* ---- surveyors ---- */

static void delta_head(struct fp_buf *b, const struct feature *x, const char *uuid, const char *method)
{
	fp_buf_addf(b, "%s{\"uuid\":\"%s\",\"clientId\":\"c\",\"localPk\":\"%d\",\"sourcePk\":\"\",\"localLayerId\":\"%s\",\"sourceLayerId\":\"%s\","
		"\"method\":\"%s\"", b->data[b->len - 1] == '[' ? "" : ",", uuid, x->pk, x->layer, x->layer, method);
}

static void add_create(struct field *f, struct plot *p, struct fp_buf *b, const char *uuid)
{
	struct feature x = {.pk = (int)p->n + 1, .layer = f->kind == FIELD_FAKE ? "l" : f->kind == FIELD_DATABASE && field_dice(f, 2) ? POSTS : TREES};

	snprintf(x.note, sizeof x.note, "%s", uuid);
	delta_head(b, &x, uuid, "create");
	fp_buf_addf(b, ",\"new\":{\"geometry\":\"Point (%d.5 %d.25)\",\"attributes\":{\"note\":\"%s\"}}}", 2600000 + field_dice(f, 10000),
		1200000 + field_dice(f, 10000), uuid);
	snprintf(x.last, sizeof x.last, "%s", uuid);
	FP_GROW(p->features, p->n, p->cap);
	p->features[p->n++] = x;
}

static struct feature *pick(struct field *f, struct plot *p)
{
	struct feature *x = p->n ? &p->features[field_dice(f, (int)p->n)] : NULL;

	return x && !x->gone && !x->settled ? x : NULL;
}

static void add_delta(struct field *f, struct plot *p, struct fp_buf *b)
{
	struct feature *x = f->kind == FIELD_FAKE || field_dice(f, 2) ? NULL : pick(f, p);
	char uuid[16];

	snprintf(uuid, sizeof uuid, "u%d", ++f->uuids);
	if (!x) {
		add_create(f, p, b, uuid);
		return;
	}
	x->gone = field_dice(f, 4) == 0;
	delta_head(b, x, uuid, x->gone ? "delete" : "patch");
	fp_buf_addf(b, ",\"old\":{\"attributes\":{\"note\":\"%s\"}}", x->note);
	if (!x->gone) {
		fp_buf_addf(b, ",\"new\":{\"attributes\":{\"note\":\"%s\"}}", uuid);
		snprintf(x->note, sizeof x->note, "%s", uuid);
	}
	fp_buf_addc(b, '}');
	snprintf(x->last, sizeof x->last, "%s", uuid);
}

static int64_t push(struct field *f, struct plot *p, const char *text)
{
	struct fp_push_result r = {0};
	int64_t n;

	cr_assert_eq(fp_queue_push(f->h.s, &f->h.t, p->project, text, strlen(text), "anna", &r, &err), FP_OK, "%s", err.msg);
	n = r.accepted;
	fp_push_result_clear(&r);
	return n;
}

void field_push(struct field *f, struct plot *p)
{
	struct fp_buf b = FP_BUF_INIT;
	int n = 1 + field_dice(f, 4);

	if (p->last && field_dice(f, 5) == 0)
		cr_assert_eq(push(f, p, p->last), 0, "a deltafile that came twice was taken over twice");
	fp_buf_addf(&b, "{\"version\":\"1.0\",\"id\":\"9311eb96-bff8-4d5b-ab36-%012d\",\"project\":\"e02d02cc-af1b-414c-a14c-e2ed5dfee52f\",\"files\":[],"
		"\"deltas\":[", f->uuids);
	for (int i = 0; i < n; i++)
		add_delta(f, p, &b);
	fp_buf_adds(&b, "]}");
	cr_assert_eq(push(f, p, b.data), n);
	p->pushed += n;
	free(p->last);
	p->last = b.data;
}

/* ---- those who decide ---- */

static size_t stage_waiting(struct field *f, const struct plot *p, struct fp_staged *g, size_t max)
{
	char *sql = fp_asprintf("SELECT json_group_array(id) FROM (SELECT id FROM change WHERE project_id = '%s' AND status = 'pending' AND plan_id IS NULL"
		" ORDER BY id LIMIT %zu)", p->project, max);
	json_t *ids = json_loads(home_text(&f->h, sql), 0, NULL), *id;
	size_t i;

	json_array_foreach(ids, i, id)
		g[i] = (struct fp_staged){.change_id = json_integer_value(id), .action = field_dice(f, 2) ? FP_ACTION_APPLY : FP_ACTION_REAPPLY};
	i = json_array_size(ids);
	json_decref(ids);
	free(sql);
	return i;
}

/* The last change of a feature all of whose changes are applied, which then has no others. */
static size_t stage_decision(struct field *f, struct plot *p, struct fp_staged *g)
{
	struct feature *x = p->n ? &p->features[field_dice(f, (int)p->n)] : NULL;
	int created = x && strcmp(x->note, x->last) == 0 && !x->gone;
	char *sql;

	if (!x || x->settled)
		return 0;
	sql = fp_asprintf("SELECT coalesce((SELECT id FROM change WHERE uuid = '%s' AND NOT EXISTS (SELECT 1 FROM change WHERE project_id = '%s'"
		" AND local_layer_id = '%s' AND local_pk = '%d' AND status <> 'applied')), 0)", x->last, p->project, x->layer, x->pk);
	g->change_id = home_number(&f->h, sql);
	free(sql);
	sql = fp_asprintf("SELECT count(*) FROM change WHERE uuid = '%s' AND method = 'create'", x->last);
	created = created && home_number(&f->h, sql);
	free(sql);
	if (!g->change_id)
		return 0;
	g->action = created && field_dice(f, 2) ? FP_ACTION_FORCE : FP_ACTION_UNDO;
	x->settled = 1;
	return 1;
}

void field_plan(struct field *f, struct plot *p)
{
	struct fp_staged g[20] = {0};
	struct fp_plan *plan;
	struct fp_trigger *t = NULL;
	size_t n_t, n = field_dice(f, 2) ? stage_waiting(f, p, g, 20) : stage_decision(f, p, g);

	if (!n)
		return;
	cr_assert_eq(fp_plan_new(&plan, f->h.s, &f->h.conf, g, n, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_plan_wait(plan, &err), FP_OK, "%s", err.msg);
	if (fp_plan_writes(plan) && fp_plan_save(plan, "bert", "because", &t, &n_t, &err) != FP_OK)
		cr_assert_eq(err.code, FP_E_CONFLICT, "%s", err.msg);
	free(t);
	fp_plan_free(plan);
}
