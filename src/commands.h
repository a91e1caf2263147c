/* Every command's entry, one file a family. */
#ifndef FP_SRC_COMMANDS_H
#define FP_SRC_COMMANDS_H

struct fp_command;

extern const struct fp_command fp_cmd_check; /* src/cmd_check.c */
extern const struct fp_command fp_cmd_apply; /* src/cmd_apply.c */

#endif
