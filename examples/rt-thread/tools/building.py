# SPDX-License-Identifier: Apache-2.0
"""Stands for the file of this name in RT-Thread: as much of it as this example calls, and what that does to `Env`."""

import os

from SCons.Script import File, SConscript

Env = None


def GetCurrentDir():
    return os.path.dirname(File("SConscript").rfile().abspath)


def PrepareBuilding(env, root_directory, has_libcpu=False):  # noqa: ARG001 - as its callers have it
    global Env
    Env = env
    env["RTT_ROOT"] = os.path.abspath(root_directory)
    env.Replace(CCCOMSTR="CC $TARGET", ARCOMSTR="AR $TARGET", LINKCOMSTR="LINK $TARGET")
    return SConscript("SConscript", variant_dir="build", duplicate=0)


def DefineGroup(name, src, depend, **parameters):  # noqa: ARG001
    paths = [os.path.abspath(path) for path in parameters.get("CPPPATH", [])]
    Env.AppendUnique(CPPPATH=paths, LIBS=parameters.get("LIBS", []), LIBPATH=parameters.get("LIBPATH", []))
    return File(list(set(src)))


def DoBuilding(target, objects):
    Env.Program(target, sorted(objects))
