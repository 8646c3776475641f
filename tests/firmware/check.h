/* SPDX-License-Identifier: Apache-2.0 */
/* What the test programs share: they print, check, and end with a status; on the emulator and on the host. */
#ifndef CHECK_H
#define CHECK_H

#ifdef __cplusplus
extern "C" {
#endif

/* Print as printf does, a line or less. */
void print(const char *format, ...);

/* Go on after a failure, but remember and print it. */
#define CHECK(condition) check_that((condition) != 0, #condition, __FILE__, __LINE__)
void check_that(int holds, const char *condition, const char *file, int line);

/* Print "done" and end with status 0 if every check held; with status 1 otherwise. */
void finish(void);

#ifdef __cplusplus
}
#endif

#endif /* CHECK_H */
