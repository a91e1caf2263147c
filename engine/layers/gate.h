/* The lexical gate (spec/layers.md 4.2 no. 1): what a project's author wrote never reaches GDAL or SQLite. A path passes when it names a file or
 * folder below the uploaded tree, also behind its symbolic links. */
#ifndef FP_LAYERS_GATE_H
#define FP_LAYERS_GATE_H

enum fp_gate {
	FP_GATE_PASS,
	FP_GATE_MISSING,  /* nothing there */
	FP_GATE_OUTSIDE,  /* leads out of the upload */
	FP_GATE_NETWORK,  /* an address */
	FP_GATE_DATABASE, /* a connection string */
	FP_GATE_INLINE,   /* the data itself, or instructions to a driver, instead of a path */
	FP_GATE_QGIS,     /* comes with QGIS ("inbuilt:") */
	FP_GATE_ATTACHED, /* lies in the project's attachments ("attachment:") */
	FP_GATE_SPECIAL   /* not a file or folder: a device, a pipe, or one that may not be read */
};

/* Judges PATH as fp_source_resolve() left it, for files below ROOT. FP_GATE_PASS gives *REAL, free of symbolic links; the caller frees it. */
enum fp_gate fp_gate(char **real, const char *root, const char *path);

#endif
