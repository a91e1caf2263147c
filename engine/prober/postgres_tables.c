/* A table that is not there, and which ones may have been meant. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/nearest.h"
#include "engine/prober/answer.h"
#include "engine/prober/postgres.h"

#define NEAREST 12

struct candidate {
	const char *schema, *table; /* the result's */
	int distance;
};

static int by_distance(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;
	int c = a->distance - b->distance;

	if (c == 0)
		c = strcmp(a->schema, b->schema);
	return c ? c : strcmp(a->table, b->table);
}

void fp_pg_table_missing(struct fp_pg *pg, const char *schema, const char *table)
{
	PGresult *res = fp_pg_ask(pg, "table", "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
		" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
		" AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"
		" WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e') LIMIT 20000", 0, NULL);
	struct candidate *all;
	json_t *names;
	int n;

	if (!res)
		return;
	n = PQntuples(res);
	all = fp_alloc(((size_t)n + 1) * sizeof *all);
	for (int i = 0; i < n; i++)
		all[i] = (struct candidate){PQgetvalue(res, i, 0), PQgetvalue(res, i, 1), fp_name_distance(table, PQgetvalue(res, i, 1))};
	qsort(all, (size_t)n, sizeof *all, by_distance);
	names = json_array();
	for (int i = 0; i < n && i < NEAREST; i++) {
		char *name = fp_asprintf("%s.%s", all[i].schema, all[i].table);
		json_array_append_new(names, fp_json_text(name));
		free(name);
	}
	json_object_set_new(pg->answer, "tables", names);
	fp_answer_fault(pg->answer, "table", "table_missing", "relation \"%s%s%s\" does not exist", schema, *schema ? "." : "", table);
	free(all);
	PQclear(res);
}
