#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# The first process of the guest: takes orders from the serial line that the kernel's command line
# names in `orders`, one a line, and says what came of each. "NUMBER COMMAND" in; lines "NUMBER|TEXT" and one "NUMBER=STATUS" out.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tmpfs tmp /tmp
echo 8 >/proc/sys/kernel/printk
stty -F "$orders" raw -echo
exec 3<>"$orders"
echo "ready" >&3
while read -r number command <&3; do
    echo "lab: $number $command" >/dev/kmsg
    # An order that kills its shell is answered all the same.
    sh -c "$command" >/tmp/out 2>&1 3<&- </dev/null
    status=$?
    sed "s/^/$number|/" /tmp/out >&3
    # sed ends a last line without newline as it was.
    [ -z "$(tail -c 1 /tmp/out)" ] || echo >&3
    echo "$number=$status" >&3
done
