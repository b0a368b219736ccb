#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Stands before the compiler in PATH while make and kconfig run. They ask it the same two
# hundred questions about itself each time (compile nothing with this option?), which is most
# of what they take; the answers are kept beside this file. Everything else is the compiler.
# Layout: DIR/bin/clang-N is a link to this file, DIR/real holds the compiler's path, DIR/store
# the answers; DIR is named after the compiler's identity.
home=${0%/*}/..
read -r real <"$home/real"

kept='' out='' last='' stdin=''
for arg do
    case $arg in
    /dev/null | --version | -) kept=1 ;;
    -I* | -include | -isystem | *.[cSh]) kept='' && break ;;
    esac
    [ "$last" = -o ] && out=$arg
    last=$arg
done
[ "$kept" ] || exec "$real" "$@"

[ "$last" = - ] && stdin=$(cat && echo .)
ask() { if [ "$last" = - ]; then printf %s "${stdin%.}" | "$real" "$@"; else "$real" "$@"; fi; }
case $stdin in *include*) ask "$@" && exit 0 || exit $? ;; esac

key=$({
    for arg do [ "$arg" = "$out" ] || printf '%s\n' "$arg"; done
    printf %s "$stdin"
} | sha256sum)
key=$home/store/${key%% *}
if [ ! -e "$key.rc" ]; then
    # In a sandbox nothing can be kept: whoever runs there must not say what others read.
    [ -w "$home/store" ] || { ask "$@"; exit $?; }
    # An answer is complete when its .rc is there.
    fresh=$key.$$
    ask "$@" >"$fresh.out" 2>"$fresh.err"
    echo $? >"$fresh.rc"
    if [ "$out" ] && [ "$out" != /dev/null ] && [ -f "$out" ]; then
        cp "$out" "$fresh.o" && mv "$fresh.o" "$key.o"
    fi
    mv "$fresh.out" "$key.out" && mv "$fresh.err" "$key.err" && mv "$fresh.rc" "$key.rc"
fi
[ -e "$key.o" ] && cp "$key.o" "$out"
[ -s "$key.out" ] && cat "$key.out"
[ -s "$key.err" ] && cat "$key.err" >&2
read -r code <"$key.rc"
exit "$code"
