/* Files that were attached to a project ("attachment:NAME"): members of its .qgz beside the .qgs, or of "<name>_attachments.zip" beside a .qgs. */
#ifndef FP_LAYERS_ATTACHMENTS_H
#define FP_LAYERS_ATTACHMENTS_H

#include "engine/layers/provider.h"

/* Unpacks attachment NAME, and those that share its name up to the dot, into the scratch folder, once per process. *PATH is the copy, which the gate would
 * not pass and need not; the caller frees it. FP_E_NOTFOUND: there is no such attachment; FP_E_REFUSED: it is not for us to unpack, err says why. */
enum fp_status fp_attachment(char **path, const struct fp_check *c, const char *name, struct fp_error *err);

#endif
