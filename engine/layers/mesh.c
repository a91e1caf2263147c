/* mdal (spec/layers.md 2.8): path, or Driver:"path"[:sub]. Its content is QGIS' own business, but a file that is not there is not there. */
#include <stdlib.h>
#include <string.h>

#include "engine/layers/diagnose.h"
#include "engine/project/source.h"

void fp_check_mesh(struct fp_check *c)
{
	const char *source = c->layer->datasource, *quote = strstr(source, ":\"");
	char *written = quote ? fp_strndup(quote + 2, strcspn(quote + 2, "\"")) : fp_strdup(source);
	char *path = fp_source_resolve(c->layer->home, written), *real = fp_layer_file(c, written, path);

	if (real)
		fp_verdict_not_checked(c, "needs_qgis", FP_SLOTS({"LIB", "MDAL"}));
	free(written);
	free(path);
	free(real);
}
