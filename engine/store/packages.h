/* Packages of the home, as they are read. A package that has a row is complete, and its bytes never change; making one is engine/queue's business
 * (publish_package.c), what a package is engine/package/package.h's. */
#ifndef FP_STORE_PACKAGES_H
#define FP_STORE_PACKAGES_H

#include "engine/store/store.h"

/* What came since the state of the data that a package shows, which is the one when its job was claimed. Attachments make nothing stale. */
struct fp_freshness {
	int stale;                     /* something did */
	int64_t changes, layers;       /* changes applied, and to how many layers */
	int64_t files;                 /* files that somebody brought, replaced or removed (not: that changes were applied to) */
	int64_t online;                /* vector layers whose data lies in no file: nobody knows what became of them */
	char text[128];                /* "current", "3 changes in 2 layers since", "1 change in 1 layer and 2 files since" */
};

struct fp_package_row {
	int64_t job_id;                /* names the package */
	const char *project_id, *project_name;
	const char *trigger, *by;      /* of its job */
	int64_t basis_at;              /* the data is that of then */
	int64_t at;                    /* published */
	int newest;                    /* it is the one that devices get */
	int64_t files, bytes;          /* without attachments */
	int64_t attachments, attachment_bytes;
	int64_t layers, offline, copied, online, untouched, removed; /* layers, and what became of them */
	int64_t features;              /* rows in data.gpkg, of all offline layers */
	int64_t skipped, warnings;     /* rows left out; warnings on layers and project */
	const char *notes;             /* JSON: warnings on the project as a whole [{"code","count","detail"}] */
	const char *verdict;           /* of its job: "12 layers: 5 offline (1,204 features), ..." */
	const char *folder;            /* absolute */
	struct fp_freshness freshness;
};
typedef void fp_package_each(void *arg, const struct fp_package_row *row);
/* Newest first. Filter keys: project after before, text in the verdict. Sort: when size features. */
enum fp_status fp_package_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_package_each *each, void *arg,
	struct fp_error *err);
enum fp_status fp_package_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err);
/* JOB_ID 0: the newest of PROJECT_ID. FP_E_NOTFOUND says whether the project was never packaged or that package is gone. */
enum fp_status fp_package_get(struct fp_store *s, const char *project_id, int64_t job_id, fp_package_each *each, void *arg, struct fp_error *err);
/* The newest of the project before JOB_ID (0: the newest of all); *FOUND 0: there is none. */
enum fp_status fp_package_before(struct fp_store *s, const char *project_id, int64_t job_id, int64_t *found, struct fp_error *err);

/* Against what package job JOB_ID found when it was claimed; it may still run. */
enum fp_status fp_package_freshness(struct fp_store *s, struct fp_freshness *f, const char *project_id, int64_t job_id, struct fp_error *err);
/* Vector layers of the newest check whose data lies in no file of the project, and in no project either. */
enum fp_status fp_package_online_layers(struct fp_store *s, int64_t *n, const char *project_id, struct fp_error *err);

struct fp_package_file_row {
	const char *name;              /* below the package's folder */
	int64_t size, at;
	const char *sha256, *etag;     /* etag: S3-style, in parts of 8 MiB */
	int is_attachment;
};
typedef void fp_package_file_each(void *arg, const struct fp_package_file_row *row);
/* By name, attachments last. */
enum fp_status fp_package_files(struct fp_store *s, int64_t job_id, int64_t offset, int64_t limit, fp_package_file_each *each, void *arg,
	struct fp_error *err);

struct fp_package_layer_row {
	const char *id, *name;
	const char *action;            /* offline copy online untouched removed */
	const char *table;             /* of data.gpkg, "" */
	int64_t features;
	const char *pk;                /* "": none that QField could use */
	int read_only;
	int64_t n_skipped, n_warnings;
	const char *skipped, *warnings; /* JSON arrays */
	const char *source, *packaged; /* verdicts, JSON objects with "error_code" (no_error ...); "" when there is none */
};
typedef void fp_package_layer_each(void *arg, const struct fp_package_layer_row *row);
/* In the order of the project. */
enum fp_status fp_package_layers(struct fp_store *s, int64_t job_id, int64_t offset, int64_t limit, fp_package_layer_each *each, void *arg,
	struct fp_error *err);

/* Two packages of a project, OLD and NEW. CHANGE: added, removed, changed, or same (layers only). -1 or "": it is not in that one. */
struct fp_package_file_diff {
	const char *change, *name;
	int64_t before, after;         /* bytes */
	int is_attachment;
};
struct fp_package_layer_diff {
	const char *change, *id, *name;
	const char *action_before, *action_after;
	int64_t before, after;         /* features */
	int64_t skipped_before, skipped_after;
	int64_t applied;               /* changes that came to the layer between the two, as far as jobs applied them */
};
typedef void fp_package_file_diff_each(void *arg, const struct fp_package_file_diff *d);
typedef void fp_package_layer_diff_each(void *arg, const struct fp_package_layer_diff *d);
/* Files that differ, by name. */
enum fp_status fp_package_compare_files(struct fp_store *s, int64_t old, int64_t new, int64_t offset, int64_t limit, fp_package_file_diff_each *each,
	void *arg, struct fp_error *err);
/* All layers: those that differ in the order of NEW, those that went, then those that are the same. */
enum fp_status fp_package_compare_layers(struct fp_store *s, int64_t old, int64_t new, int64_t offset, int64_t limit, fp_package_layer_diff_each *each,
	void *arg, struct fp_error *err);

/* *WHOLE 1: every file of it lies in its place, has its size and was not written to; attachments, of which there may be very many, are not looked at. */
enum fp_status fp_package_is_whole(struct fp_store *s, int64_t job_id, int *whole, struct fp_error *err);

/* Keeps the bytes of a package in their place while somebody reads them, whatever becomes of its rows. FP_E_NOTFOUND: it was removed. *HOLD is to be given
 * to fp_package_release(). */
enum fp_status fp_package_hold(struct fp_store *s, int64_t job_id, int *hold, struct fp_error *err);
void fp_package_release(int hold);

#endif
