/* Two packages of a project, held against each other by the rows that describe them: no file is read. */
#include "engine/store/db.h"
#include "engine/store/packages.h"

enum fp_status fp_package_compare_files(struct fp_store *s, int64_t old, int64_t new, int64_t offset, int64_t limit, fp_package_file_diff_each *each,
	void *arg, struct fp_error *err)
{
	sqlite3_stmt *st;
	int more = 1;
	enum fp_status rc = fp_db_stmt(s, &st, err,
		"SELECT iif(o.id IS NULL, 'added', 'changed'), n.name, coalesce(o.size, -1), n.size, n.is_attachment FROM package_file n"
		" LEFT JOIN package_file o ON o.job_id = ?1 AND o.name = n.name WHERE n.job_id = ?2 AND (o.id IS NULL OR o.sha256 <> n.sha256)"
		" UNION ALL SELECT 'removed', o.name, o.size, -1, o.is_attachment FROM package_file o WHERE o.job_id = ?1"
		"  AND NOT EXISTS (SELECT 1 FROM package_file n WHERE n.job_id = ?2 AND n.name = o.name) ORDER BY 5, 2 LIMIT ?3 OFFSET ?4",
		FP_VALS(fp_i(old), fp_i(new), fp_i(limit), fp_i(offset)));

	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(s, st, &more, err)) == FP_OK && more)
		each(arg, &(struct fp_package_file_diff){fp_db_text(st, 0), fp_db_text(st, 1), sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3),
			sqlite3_column_int(st, 4)});
	fp_db_end(s, st);
	return rc;
}

/* Changes that jobs applied to a layer between the two; as many features may hold other values. */
#define APPLIED(l) "(SELECT coalesce(sum(a.applied), 0) FROM job j JOIN job_layer a ON a.job_id = j.id WHERE j.project_id = (SELECT project_id FROM job WHERE id = ?2)" \
	" AND j.id > min(?1, ?2) AND j.id < max(?1, ?2) AND a.layer_id = " l ".layer_id)"
#define SKIPPED(l) "coalesce((SELECT sum(json_extract(value, '$.count')) FROM json_each(" l ".skipped)), 0)"

enum fp_status fp_package_compare_layers(struct fp_store *s, int64_t old, int64_t new, int64_t offset, int64_t limit, fp_package_layer_diff_each *each,
	void *arg, struct fp_error *err)
{
	sqlite3_stmt *st;
	int more = 1;
	enum fp_status rc = fp_db_stmt(s, &st, err,
		"SELECT CASE WHEN part = 1 THEN 'removed' WHEN was = '' THEN 'added' WHEN was <> is_now OR before <> after OR left_before <> left_after OR applied > 0"
		"  THEN 'changed' ELSE 'same' END AS change, layer_id, name, was, is_now, before, after, left_before, left_after, applied FROM ("
		"SELECT 0 AS part, n.id AS id, n.layer_id AS layer_id, n.name AS name, coalesce(o.action, '') AS was, n.action AS is_now,"
		"  iif(o.id IS NULL, -1, o.features) AS before, n.features AS after, " SKIPPED("o") " AS left_before, " SKIPPED("n") " AS left_after, "
		APPLIED("n") " AS applied FROM package_layer n LEFT JOIN package_layer o ON o.job_id = ?1 AND o.layer_id = n.layer_id WHERE n.job_id = ?2"
		" UNION ALL SELECT 1, o.id, o.layer_id, o.name, o.action, '', o.features, -1, " SKIPPED("o") ", 0, 0 FROM package_layer o"
		" WHERE o.job_id = ?1 AND NOT EXISTS (SELECT 1 FROM package_layer n WHERE n.job_id = ?2 AND n.layer_id = o.layer_id)"
		") ORDER BY change = 'same', part, id LIMIT ?3 OFFSET ?4", FP_VALS(fp_i(old), fp_i(new), fp_i(limit), fp_i(offset)));

	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(s, st, &more, err)) == FP_OK && more)
		each(arg, &(struct fp_package_layer_diff){fp_db_text(st, 0), fp_db_text(st, 1), fp_db_text(st, 2), fp_db_text(st, 3), fp_db_text(st, 4),
			sqlite3_column_int64(st, 5), sqlite3_column_int64(st, 6), sqlite3_column_int64(st, 7), sqlite3_column_int64(st, 8), sqlite3_column_int64(st, 9)});
	fp_db_end(s, st);
	return rc;
}
