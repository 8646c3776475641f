/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__arm__)
#include "semihosting.h"

/* Newlib's malloc takes memory from here: between the end of the data and the end of the RAM. */
extern char __heap_start[], __heap_end[];
void *_sbrk(ptrdiff_t increment);

void *_sbrk(ptrdiff_t increment)
{
    static char *next = __heap_start;
    char *block = next;
    if (increment > __heap_end - next) {
        return (void *)-1;
    }
    next += increment;
    return block;
}
#else
#define semihosting_print(text) (void)fputs(text, stdout)
#define semihosting_exit(status) exit(status)
#endif

static int failures;

void print(const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    semihosting_print(text);
}

void check_that(int holds, const char *condition, const char *file, int line)
{
    if (!holds) {
        failures++;
        print("%s:%d: not so: %s\n", file, line, condition);
    }
}

void finish(void)
{
    print(failures == 0 ? "done\n" : "%d checks failed\n", failures);
    semihosting_exit(failures != 0);
}
