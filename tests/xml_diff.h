/* What two XML documents differ in, as lines: "/qgis/title: text "" -> "x"". Blanks between elements and the order of attributes are no difference. */
#ifndef FP_TESTS_XML_DIFF_H
#define FP_TESTS_XML_DIFF_H

#include <libxml/tree.h>

/* One line for each difference, in the order of the document; caller frees. */
char *xml_diff(const xmlDoc *before, const xmlDoc *after);

#endif
