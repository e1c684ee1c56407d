/* Foreign text made fit to be shown: in XML, on a terminal, in a figure. */
#ifndef SIM_OUTPUT_TEXT_H
#define SIM_OUTPUT_TEXT_H

#include <glib.h>

/* New string: control characters (C0, DEL, C1), direction overrides and bytes that are not UTF-8 become U+FFFD. */
char *lz_text_printable(const char *text);
/* The same, with the characters of XML markup escaped: for attributes and for text. */
char *lz_text_xml(const char *text);

#endif
