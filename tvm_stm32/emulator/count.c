/* SPDX-License-Identifier: Apache-2.0
 *
 * A TCG plugin for QEMU 6 to 8 that counts instructions between two marks in the guest:
 *
 *     -plugin count.so,begin=ADDRESS,end=ADDRESS,out=FILE
 *
 * Each time the instruction at `begin` and later the one at `end` is about to run, the number of instructions
 * executed from the first (included) to the second (not included) is written to FILE as one decimal line. A second
 * `begin` before an `end` starts the interval anew. An instruction whose condition fails counts like any other.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* QEMU's header is not packaged by distributions; this is the part of its plugin interface, version 1, used here. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*translated_callback)(qemu_plugin_id_t id, struct qemu_plugin_tb *block);
typedef void (*executed_callback)(unsigned int cpu, void *context);
enum { QEMU_PLUGIN_CB_NO_REGS = 0 };
enum { QEMU_PLUGIN_INLINE_ADD_U64 = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, translated_callback callback);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction, executed_callback callback,
                                            int registers, void *context);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *instruction, int operation, void *counter,
                                                uint64_t operand);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);

#define EXPORT __attribute__((visibility("default")))
EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

int qemu_plugin_version = 1;

static uint64_t begin_address;
static uint64_t end_address;
static FILE *out;

static uint64_t executed; /* instructions since the start; code that QEMU generates adds to it */
static uint64_t executed_at_begin;
static bool counting;

static void at_begin(unsigned int cpu, void *context)
{
    (void)cpu;
    (void)context;
    executed_at_begin = executed;
    counting = true;
}

static void at_end(unsigned int cpu, void *context)
{
    (void)cpu;
    (void)context;
    if (counting) {
        fprintf(out, "%" PRIu64 "\n", executed - executed_at_begin);
        fflush(out); /* the guest may fault any time, which ends QEMU by abort */
        counting = false;
    }
}

static void at_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        const uint64_t address = qemu_plugin_insn_vaddr(instruction);
        if (address == begin_address) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, at_begin, QEMU_PLUGIN_CB_NO_REGS, NULL);
        }
        if (address == end_address) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, at_end, QEMU_PLUGIN_CB_NO_REGS, NULL);
        }
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, QEMU_PLUGIN_INLINE_ADD_U64, &executed, 1);
    }
}

/* The value of "key=value", or NULL when `argument` has another key. */
static const char *value_of(const char *argument, const char *key)
{
    const size_t length = strlen(key);
    return strncmp(argument, key, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        const char *value;
        if ((value = value_of(argv[i], "begin")) != NULL) {
            begin_address = strtoull(value, NULL, 0);
        } else if ((value = value_of(argv[i], "end")) != NULL) {
            end_address = strtoull(value, NULL, 0);
        } else if ((value = value_of(argv[i], "out")) != NULL) {
            out = fopen(value, "w");
        }
    }
    if (out == NULL) {
        fprintf(stderr, "count: cannot write the file given as out=\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, at_translation);
    return 0;
}
