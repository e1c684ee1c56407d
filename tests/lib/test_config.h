/* A model's configuration made in a test: every default of its parameter table, then single fields by name. */
#ifndef TESTS_LIB_TEST_CONFIG_H
#define TESTS_LIB_TEST_CONFIG_H

#include "lazaret/model.h"

/* config_size bytes with every default; required parameters stay zero. Freed with g_free; NULL when the model
 * has no configuration. */
void *lz_test_config_new(const LzModel *model);
/* field: the C field's name ("sr_period_ns"), which must exist. value in the field's unit (enum: index). */
void lz_test_config_set(const LzModel *model, void *config, const char *field, double value);
void lz_test_config_set_text(const LzModel *model, void *config, const char *field, const char *text);
/* Where the field lies, for kinds that the setters do not know. */
void *lz_test_config_field(const LzModel *model, void *config, const char *field);

#endif
