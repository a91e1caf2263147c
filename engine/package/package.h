/* The QField package of a project: what becomes of each layer, the one GeoPackage of all offline layers, the copied files, the patched project, and
 * what was verified of it. Worker only. Rules: spec/package.md; where we differ from QFieldCloud, doc/deviations.md.
 *
 * One struct fp_package goes through the steps in this order, each filling in what it is there for:
 *   fp_package_new        layers and settings as the project has them
 *   fp_package_decide     what becomes of each layer            (decide.c)
 *   fp_package_data       data.gpkg                             (data.c, rows_*.c, gpkg_*.c)
 *   fp_package_copy       everything else that is copied        (files.c ...)
 *   fp_package_project    <stem>_qfield.qgz                     (patch_*.c, project_file.c)
 *   fp_package_verify     all of it, from the folder alone      (verify.c)
 * Nothing is written outside OUTPUT and SCRATCH. */
#ifndef FP_PACKAGE_PACKAGE_H
#define FP_PACKAGE_PACKAGE_H

#include <jansson.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/mem.h"
#include "engine/project/project.h"

#define FP_PACKAGE_DATA "data.gpkg"

/* What becomes of a layer (section 3.2). */
enum fp_pack_action {
	FP_PACK_REMOVE,    /* it is not in the package */
	FP_PACK_UNTOUCHED, /* it stays as it is, without any property of ours: localized, or a dead web map */
	FP_PACK_ONLINE,    /* it keeps its source: no file, or not to be copied */
	FP_PACK_COPY,      /* its files are copied, its source is re-pointed */
	FP_PACK_OFFLINE    /* its features go into data.gpkg */
};
const char *fp_pack_action_word(enum fp_pack_action a); /* "removed" "untouched" "online" "copy" "offline" */

/* A column of a source table, as far as forms and constraints want to know it (section 4.4). */
struct fp_pack_field {
	char *name;
	int has_default; /* the provider supplies a value: a serial, a DEFAULT, a key that counts by itself */
	int not_null, unique;
};

/* A table of data.gpkg. Layers of the same source share one. */
struct fp_pack_table {
	char *name;       /* in data.gpkg */
	char *local_key;  /* "fid", "fid_1" ... */
	struct fp_pack_field *fields; /* of the source, in its order */
	size_t n_fields, cap_fields;
	int64_t read, written;
	json_t *skipped;  /* rows that are not in it: [{"reason":sentence,"count":n}], owned */
	int spatial;      /* it has geometries and an index of them */
	char *geometry;   /* the column they are in: "geom", "geom_1" ... */
	double extent[4]; /* min x, min y, max x, max y of what was written; min > max: nothing */
};

struct fp_pack_layer {
	const struct fp_layer_def *def; /* borrowed */
	json_t *verdict;         /* as fp_verdict_json() gave it; owned */
	enum fp_pack_action action;
	char *pk;                /* the source key (3.3), NULL: none that QField could use */
	int read_only;           /* made so for want of a key, or (PK is set) because it cannot be taken offline */
	char *provider, *datasource; /* as they stand in the package; NULL: as in the source */
	int64_t table;           /* offline: its index in TABLES; else -1 */
	int query;               /* its filter is a query of its own: of its columns only the key is known to be bound to anything */
	json_t *warnings;        /* [{"code","count","detail"}], owned */
};

/* A file of the package, beside data.gpkg and the project. FROM is absolute; TO is relative to the package. */
struct fp_pack_file {
	char *from, *to;
	int attachment;          /* of an attachment folder */
};

struct fp_package {
	struct fp_project *project;      /* borrowed */
	const char *output, *scratch;    /* borrowed */
	char *stem;                      /* of the project file: "trees" */
	struct fp_pack_layer *layers;    /* parallel to project->layers */
	size_t n_layers;
	struct fp_pack_table *tables;
	size_t n_tables, cap_tables;
	struct fp_pack_file *files;
	size_t n_files, cap_files;
	int skip_attachments;    /* somebody else adds the attachment folders */
	json_t *replaced;        /* values in the XML that name a file which lies elsewhere in the package: {"/old/a.svg": "./a.svg"}; owned */
	json_t *warnings;        /* of the project as a whole: [{"code","count","detail"}], owned */

	/* How far it is, for the step that runs: done of total rows or bytes. May be NULL. */
	void (*progress)(void *arg, int64_t done, int64_t total);
	void *arg;

	/* Databases (engine/changes/apply.h has the same members). */
	const char *allow, *pgservice;   /* NULL, or as the description has them */
	int any_address;
	const char *session_role;        /* QFC_PG_EFFECTIVE_USER of the project's secrets; NULL: none */
	struct fp_prober *prober;        /* the job's, borrowed; NULL: the web is asked nothing */
	int session, has_session;        /* of it: web.c opens it when it is first needed */
	struct fp_pg_database *databases; /* connections that rows_pg.c keeps, so that all tables of one are of the same moment */
};

enum fp_status fp_package_new(struct fp_package **out, struct fp_project *project, const char *output, const char *scratch, struct fp_error *err);
void fp_package_free(struct fp_package *p);

/* VERDICTS[i] belongs to project->layers[i] (Check project layers). FP_E_REFUSED: it is a project of QGIS 2. */
enum fp_status fp_package_decide(struct fp_package *p, json_t *const *verdicts, struct fp_error *err);
/* Decides again for a layer that was to be offline and whose rows cannot be read (WHY): its file is copied as it is where the project has one, else it stays
 * where it is. Either way it can only be looked at. */
void fp_package_decide_unreadable(struct fp_package *p, struct fp_pack_layer *l, const char *why);

/* FP_E_INVALID: rows vanished, and of which layer; FP_E_FULL: the disk is. */
enum fp_status fp_package_data(struct fp_package *p, struct fp_error *err);
enum fp_status fp_package_copy(struct fp_package *p, struct fp_error *err);
enum fp_status fp_package_project(struct fp_package *p, struct fp_error *err);
/* EACH gets a sentence for every thing that was looked at and is as it should be. What is not is FP_E_INVALID. */
enum fp_status fp_package_verify(struct fp_package *p, void (*each)(void *arg, const char *sentence), void *arg, struct fp_error *err);

/* Adds a warning to layer L, or to the project (L NULL). CODE is a word for programs:
 *   no_key removed_invalid removed_format localized dead_service not_checked not_convertible credentials
 *   unknown_action not_removed scratch                                                                    (decide.c)
 *   not_copied outside_copied renamed case_clash ships_whole_file                                           (files.c ...)
 *   skipped_rows filter_dropped not_written ...                                                             (data.c ...) */
void fp_package_warn(struct fp_package *p, struct fp_pack_layer *l, const char *code, int64_t count, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* One layer for people and programs, as contract.md's `package --json` has it and with "pk" and "read_only": a new reference. */
json_t *fp_package_layer_json(const struct fp_package *p, const struct fp_pack_layer *l);

#endif
