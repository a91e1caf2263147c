/* What becomes of each layer (spec/package.md 1.3, 3.2, 3.3, 7). */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/layers/check.h"
#include "engine/layers/gate.h"
#include "engine/package/plan.h"
#include "engine/project/source.h"

/* What a layer's author wants of it. */
enum wish { WISH_DEFAULT, WISH_OFFLINE, WISH_FILE, WISH_REMOVE, WISH_UNKNOWN };

static enum wish wish_of(const struct fp_layer_def *l)
{
	static const struct {
		const char *word;
		enum wish wish;
	} words[] = {{"offline", WISH_OFFLINE}, {"no_action", WISH_FILE}, {"copy", WISH_FILE}, {"keep_existent", WISH_FILE}, {"remove", WISH_REMOVE}};

	if (!l->cloud_action)
		return WISH_DEFAULT;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(l->cloud_action, words[i].word) == 0)
			return words[i].wish;
	return WISH_UNKNOWN;
}

static int is_vector(const struct fp_layer_def *l)
{
	return strcmp(l->type, "vector") == 0;
}

static int is_provider_of(const struct fp_layer_def *l, const char *const *names)
{
	const char *provider = fp_layer_provider(l);

	while (*names && strcmp(*names, provider) != 0)
		names++;
	return *names != NULL;
}

/* Nothing but features can be edited offline; to ask it of anything else is to ask for its file. */
static int wants_offline(const struct fp_layer_def *l)
{
	static const char *const stay[] = {"virtual", NULL};
	enum wish wish = wish_of(l);

	return is_vector(l) && (wish == WISH_OFFLINE || (wish == WISH_DEFAULT && !is_provider_of(l, stay)));
}

static int can_be_read(const struct fp_layer_def *l)
{
	static const char *const readers[] = {"ogr", "spatialite", "delimitedtext", "postgres", "memory", "WFS", "OAPIF", NULL};

	return is_provider_of(l, readers);
}

static int is_file_provider(const struct fp_layer_def *l)
{
	static const char *const files[] = {"ogr", "gdal", "spatialite", "delimitedtext", "gpx", "mdal", "pdal", "copc", "ept", "vpc", NULL};

	return is_provider_of(l, files) && strncmp(l->datasource, "attachment:", 11) != 0;
}

int fp_plan_is_ours(const struct fp_package *p, const struct fp_layer_def *l)
{
	struct fp_pack_source s;
	char *real = NULL;
	struct stat sb;
	int ours = 0;

	if (!fp_pack_source_find(&s, l))
		return 0;
	if (fp_gate(&real, p->project->root, s.path) == FP_GATE_PASS && stat(real, &sb) == 0)
		ours = !S_ISDIR(sb.st_mode) || !fp_path_below(p->project->home, s.path);
	free(real);
	fp_pack_source_clear(&s);
	return ours;
}

static void decide_file(struct fp_package *p, struct fp_pack_layer *l)
{
	char *shown;

	l->action = fp_plan_is_ours(p, l->def) ? FP_PACK_COPY : FP_PACK_ONLINE;
	if (l->action == FP_PACK_COPY || !is_file_provider(l->def))
		return;
	shown = fp_source_redact(l->def->datasource);
	fp_package_warn(p, l, "not_copied", 1, "\"%s\" is no file of the project: the layer works only where that can be reached", shown);
	free(shown);
}

/* QField tells features apart by one attribute. */
static const char *usable_key(const json_t *verdict)
{
	const char *pk = fp_json_str(verdict, "pk");

	return pk && *pk && !strchr(pk, ',') ? pk : NULL;
}

static void decide_features(struct fp_package *p, struct fp_pack_layer *l)
{
	const char *pk = usable_key(l->verdict);
	int wanted = wants_offline(l->def), readable = can_be_read(l->def);

	l->pk = fp_strdup_null(pk);
	if (!pk && !json_is_null(json_object_get(l->verdict, "is_valid")))
		fp_package_warn(p, l, "no_key", 1, "no single attribute tells its features apart: it can be looked at and not edited");
	l->read_only = !pk || (wanted && !readable);
	if (wanted && pk && readable) {
		l->action = FP_PACK_OFFLINE;
		if (strcmp(fp_layer_provider(l->def), "memory") == 0)
			fp_package_warn(p, l, "scratch", 1, "a scratch layer: the project does not hold its features, so that it is empty in the package");
		return;
	}
	decide_file(p, l);
	if (wanted && l->action != FP_PACK_COPY && (!readable || json_is_null(json_object_get(l->verdict, "is_valid"))))
		fp_package_warn(p, l, "not_convertible", 1, "its features cannot be taken offline: it stays as it is, and cannot be edited");
}

/* The plugin looks for a key before it looks at what is to be done, and for want of one it removes nothing. */
static int is_to_be_removed(const struct fp_pack_layer *l)
{
	return wish_of(l->def) == WISH_REMOVE && (!is_vector(l->def) || usable_key(l->verdict) || !json_is_true(json_object_get(l->verdict, "is_valid")));
}

static void warn_of_credentials(struct fp_package *p, struct fp_pack_layer *l)
{
	char *shown;

	if (l->action == FP_PACK_REMOVE || l->action == FP_PACK_OFFLINE)
		return;
	shown = fp_source_redact(l->def->datasource);
	if (strcmp(shown, l->def->datasource) != 0)
		fp_package_warn(p, l, "credentials", 1, "its source holds a password or token, which every device with this package can read");
	free(shown);
}

void fp_package_decide_unreadable(struct fp_package *p, struct fp_pack_layer *l, const char *why)
{
	l->read_only = 1;
	decide_file(p, l);
	fp_package_warn(p, l, "not_convertible", 1, "it cannot be made offline, %s, and cannot be edited: %s",
		l->action == FP_PACK_COPY ? "its file is copied as it is" : "stays as it is", why);
	warn_of_credentials(p, l);
}

/* Layers that nothing can be opened for. They stay where the device may find what we do not. */
static void decide_invalid(struct fp_package *p, struct fp_pack_layer *l)
{
	const char *why = fp_json_str_or(l->verdict, "sentence", "it cannot be opened");

	l->action = FP_PACK_UNTOUCHED;
	if (fp_source_is_localized(l->def->datasource)) {
		fp_package_warn(p, l, "localized", 1, "%s", why);
	} else if (strcmp(fp_layer_provider(l->def), "wms") == 0) {
		fp_package_warn(p, l, "dead_service", 1, "%s", why);
	} else {
		l->action = FP_PACK_REMOVE;
		fp_package_warn(p, l, "removed_invalid", 1, "%s", why);
	}
}

static void decide_one(struct fp_package *p, struct fp_pack_layer *l)
{
	static const char *const drawn[] = {"annotation", "group", "plugin", NULL};
	const char *const *d = drawn;

	while (*d && strcmp(l->def->type, *d) != 0)
		d++;
	if (*d) {
		l->action = FP_PACK_UNTOUCHED;
	} else if (strlen(l->def->datasource) >= 3 && strcmp(l->def->datasource + strlen(l->def->datasource) - 3, "ecw") == 0) {
		l->action = FP_PACK_REMOVE;
		fp_package_warn(p, l, "removed_format", 1, "QField cannot read ECW files");
	} else if (json_is_false(json_object_get(l->verdict, "is_valid"))) {
		decide_invalid(p, l);
	} else if (is_to_be_removed(l)) {
		l->action = FP_PACK_REMOVE;
	} else {
		if (!json_is_true(json_object_get(l->verdict, "is_valid")))
			fp_package_warn(p, l, "not_checked", 1, "%s", fp_json_str_or(l->verdict, "sentence", "nobody could say whether it opens"));
		if (wish_of(l->def) == WISH_REMOVE)
			fp_package_warn(p, l, "not_removed", 1, "it was to be removed and is in the package, as a layer without a key always is: take it out of the project");
		if (wish_of(l->def) == WISH_UNKNOWN)
			fp_package_warn(p, l, "unknown_action", 1, "what is to be done with it (\"%s\") is no word for that: nothing of it is taken offline",
				l->def->cloud_action);
		if (is_vector(l->def))
			decide_features(p, l);
		else
			decide_file(p, l);
	}
	warn_of_credentials(p, l);
}

enum fp_status fp_package_decide(struct fp_package *p, json_t *const *verdicts, struct fp_error *err)
{
	(void)err;
	for (size_t i = 0; i < p->n_layers; i++) {
		json_decref(p->layers[i].verdict);
		p->layers[i].verdict = json_incref(verdicts[i]);
		decide_one(p, &p->layers[i]);
	}
	return FP_OK;
}
