#include "engine/layers/gate.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "engine/base/mem.h"
#include "engine/base/path.h"

static const struct {
	const char *begins;
	enum fp_gate is;
} words[] = {
	{"http://", FP_GATE_NETWORK}, {"https://", FP_GATE_NETWORK}, {"ftp://", FP_GATE_NETWORK}, {"s3://", FP_GATE_NETWORK},
	{"/vsicurl", FP_GATE_NETWORK}, {"/vsis3", FP_GATE_NETWORK}, {"/vsigs", FP_GATE_NETWORK}, {"/vsiaz", FP_GATE_NETWORK},
	{"/vsiadls", FP_GATE_NETWORK}, {"/vsioss", FP_GATE_NETWORK}, {"/vsiswift", FP_GATE_NETWORK}, {"/vsiwebhdfs", FP_GATE_NETWORK},
	{"/vsihdfs", FP_GATE_NETWORK}, {"/vsimem", FP_GATE_MISSING}, {"/vsistdin", FP_GATE_MISSING}, {"/vsi", FP_GATE_INLINE}, {"vrt://", FP_GATE_INLINE},
	{"PG:", FP_GATE_DATABASE}, {"postgresql:", FP_GATE_DATABASE}, {"MySQL:", FP_GATE_DATABASE}, {"MSSQL:", FP_GATE_DATABASE},
	{"ODBC:", FP_GATE_DATABASE}, {"OCI:", FP_GATE_DATABASE}, {"HANA:", FP_GATE_DATABASE}, {"MongoDBv3:", FP_GATE_DATABASE},
	{"WFS:", FP_GATE_NETWORK}, {"WFS3:", FP_GATE_NETWORK}, {"OAPIF:", FP_GATE_NETWORK}, {"WMS:", FP_GATE_NETWORK}, {"WMTS:", FP_GATE_NETWORK},
	{"WCS:", FP_GATE_NETWORK}, {"CSW:", FP_GATE_NETWORK}, {"ES:", FP_GATE_NETWORK}, {"Carto:", FP_GATE_NETWORK}, {"MVT:http", FP_GATE_NETWORK},
	{"inbuilt:", FP_GATE_QGIS}, {"attachment:///", FP_GATE_MISSING}, {"attachment:", FP_GATE_ATTACHED},
	{"<", FP_GATE_INLINE}, {"{", FP_GATE_INLINE}, {"[", FP_GATE_INLINE},
};

static enum fp_gate lexical(const char *path)
{
	while (isspace((unsigned char)*path))
		path++;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strncasecmp(path, words[i].begins, strlen(words[i].begins)) == 0)
			return words[i].is;
	/* What is left without a leading "/" was written without "./" and is not there: fp_source_resolve() looked. */
	return *path == '/' ? FP_GATE_PASS : FP_GATE_MISSING;
}

enum fp_gate fp_gate(char **real, const char *root, const char *path)
{
	char resolved[PATH_MAX], root_real[PATH_MAX];
	enum fp_gate word = lexical(path);
	struct stat sb;
	char *folded;
	int below;

	if (word != FP_GATE_PASS)
		return word;
	folded = fp_path_fold(path);
	below = fp_path_below(folded, root);
	free(folded);
	if (stat(path, &sb) != 0)
		return below ? FP_GATE_MISSING : FP_GATE_OUTSIDE;
	if (!realpath(path, resolved) || !realpath(root, root_real))
		return FP_GATE_SPECIAL;
	if (!fp_path_below(resolved, root_real))
		return FP_GATE_OUTSIDE;
	if (!S_ISREG(sb.st_mode) && !S_ISDIR(sb.st_mode))
		return FP_GATE_SPECIAL;
	*real = fp_strdup(resolved);
	return FP_GATE_PASS;
}
