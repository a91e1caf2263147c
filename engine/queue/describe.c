#include "engine/queue/describe.h"

#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/queue/worker_proc.h"
#include "engine/store/secrets.h"
#include "engine/worker/job.h"

/* Behind Landlock a worker cannot write through a link to an immutable version; without it nothing keeps one that runs as root from it. */
static int links_are_safe(void)
{
	static long abi;

	if (!abi)
		abi = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	return abi > 0;
}

enum fp_status fp_place_file(const char *in, const char *name, const char *from, struct fp_error *err)
{
	char *to = fp_path_join(in, name), *dir = fp_path_dir(to);
	enum fp_status st = fp_fs_mkdirs(dir, err);

	if (st == FP_OK && (!links_are_safe() || link(from, to) != 0))
		st = fp_fs_copy(from, to, err);
	free(to);
	free(dir);
	return st;
}

static void add_places(json_t *d, const struct fp_describe *what)
{
	static const char *const places[][2] = {{"input", "in"}, {"output", "out"}, {"scratch", "scratch"}, {"deltas", "deltas.jsonl"}};

	for (size_t i = 0; i < 4; i++) {
		int used = strcmp(places[i][0], "deltas") != 0 || what->deltas;
		char *path = used ? fp_path_join(what->work, places[i][1]) : fp_strdup("");
		json_object_set_new(d, places[i][0], fp_json_text(path));
		free(path);
	}
}

enum fp_status fp_description_new(json_t **out, struct fp_store *s, const struct fp_config *conf, const struct fp_describe *what, struct fp_error *err)
{
	json_t *secrets = NULL, *d;
	char *pgservice = NULL;
	enum fp_status st = what->project_file ? fp_secrets_for_job(s, what->project_id, &secrets, &pgservice, err) : FP_OK;

	*out = NULL;
	if (st != FP_OK)
		return st;
	if (!secrets)
		secrets = json_object();
	d = json_pack("{s:i,s:I,s:s,s:O,s:o,s:{s:b,s:s,s:b,s:b,s:b,s:b},s:O,s:s}", "protocol", FP_PROTOCOL, "job", (json_int_t)what->job, "type", what->type,
		"steps", what->steps, "project_file", fp_json_text(what->project_file ? what->project_file : ""), "options", "overwrite_conflicts",
		what->overwrite, "conflicts", "strict", "inverse", 0, "dry_run", 0, "record", 1, "attachments", 0, "secrets", secrets, "pgservice", pgservice ? pgservice : "");
	fp_assert(d);
	fp_worker_set_limits(d, conf);
	if (what->network)
		json_object_set_new(d, "network", json_pack("{s:s}", "allow", conf->network_allow));
	add_places(d, what);
	json_decref(secrets); /* the description has it */
	fp_secrets_wipe(NULL, pgservice);
	*out = d;
	return FP_OK;
}

void fp_description_free(json_t *d)
{
	fp_json_wipe(json_object_get(d, "secrets"));
	fp_json_wipe(json_object_get(d, "pgservice"));
	json_decref(d);
}
