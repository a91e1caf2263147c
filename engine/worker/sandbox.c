#include "engine/worker/sandbox.h"

#include <string.h>
#include <sys/resource.h>

#include "config.h"
#include "engine/base/json.h"
#include "engine/base/walls.h"

int fp_sandbox_connects(const struct fp_job *job)
{
	const json_t *d = job->description;

	return strcmp(job->type, "process_projectfile") != 0 && (fp_json_bool(job->options, "any_address", 0) || json_object_get(d, "network") ||
		*fp_json_str_or(d, "pgservice", "") || json_object_size(json_object_get(d, "secrets")) > 0);
}

static enum fp_status landlock(const struct fp_job *job, struct fp_error *err)
{
	static const struct fp_wall_path network[] = {{"/etc/resolv.conf", FP_WALL_FILE}, {"/etc/hosts", FP_WALL_FILE}, {"/etc/nsswitch.conf", FP_WALL_FILE},
		{"/etc/services", FP_WALL_FILE}, {"/etc/gai.conf", FP_WALL_FILE}, {"/etc/host.conf", FP_WALL_FILE}, {"/etc/ssl", FP_WALL_READ},
		{"/usr/share/ca-certificates", FP_WALL_READ}, {"/usr/local/share/ca-certificates", FP_WALL_READ}};
	struct fp_wall_path paths[32] = {{"/usr/share/gdal", FP_WALL_READ}, {"/usr/share/proj", FP_WALL_READ}, {"/usr/lib", FP_WALL_READ},
		{"/lib", FP_WALL_READ}, {"/lib64", FP_WALL_READ}, {"/usr/share/zoneinfo", FP_WALL_READ}, {"/etc/localtime", FP_WALL_FILE},
		{"/etc/ld.so.cache", FP_WALL_FILE}, {"/dev/null", FP_WALL_DEVICE}, {"/dev/urandom", FP_WALL_FILE}, {job->input, FP_WALL_READ}};
	size_t n = 11;

	if (*job->deltas)
		paths[n++] = (struct fp_wall_path){job->deltas, FP_WALL_FILE};
	if (*job->output)
		paths[n++] = (struct fp_wall_path){job->output, FP_WALL_WRITE};
	if (*job->scratch)
		paths[n++] = (struct fp_wall_path){job->scratch, FP_WALL_WRITE};
	for (size_t i = 0; fp_sandbox_connects(job) && i < sizeof network / sizeof *network; i++)
		paths[n++] = network[i];
	return fp_walls_landlock(paths, n, !fp_sandbox_connects(job), err);
}

static enum fp_status limits(const json_t *l, struct fp_error *err)
{
	enum fp_status st = FP_OK;

#ifndef FP_SANITIZED /* AddressSanitizer reserves terabytes of address space */
	st = fp_walls_limit(RLIMIT_AS, fp_json_int(l, "memory_mb", 4096) << 20, err);
#endif
	if (st == FP_OK)
		st = fp_walls_limit(RLIMIT_CPU, fp_json_int(l, "cpu_s", 600), err);
	if (st == FP_OK)
		st = fp_walls_limit(RLIMIT_FSIZE, fp_json_int(l, "file_mb", 4096) << 20, err);
	if (st == FP_OK)
		st = fp_walls_limit(RLIMIT_NOFILE, 256, err);
	return st;
}

enum fp_status fp_sandbox_enter(struct fp_job *job, json_t **active, struct fp_error *err)
{
	int require = strcmp(fp_json_str_or(job->description, "sandbox", "best-effort"), "require") == 0, abi = fp_walls_landlock_version();
	enum fp_status st = fp_walls_begin((pid_t)fp_json_int(job->description, "parent", 0), err);

	if (st == FP_OK)
		st = limits(json_object_get(job->description, "limits"), err);
	if (st == FP_OK && abi < 1 && require)
		st = fp_fail(err, FP_E_REFUSED, "this kernel has no Landlock and sandbox_require is set");
	if (st == FP_OK)
		st = landlock(job, err);
	if (st != FP_OK)
		return st;
	*active = json_pack("{s:i,s:b,s:b,s:b,s:b}", "landlock", abi, "no_new_privs", 1, "rlimits", 1, "pdeathsig", 1, "no_tcp", abi >= 4 && !fp_sandbox_connects(job));
	return FP_OK;
}
