#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What there is in the guest, a fact a line, the first word says of what kind: see guest/observe.py.
# Processes are slow in an emulated machine, so there are few: all files are read by one grep, all
# links by one ls, and awk puts together what belongs together.
cd /sys/bus || exit
for dev in pci/devices/*; do
    read -r class <"$dev/class"
    case $class in 0x0604*) echo "config ${dev##*/} $(hexdump -v -n 512 -e '64/1 "%02x"' "$dev/config")" ;; esac
done
sed 's/^ */interrupts /' /proc/interrupts
sed 's/^/module /' /proc/modules
sed 's/^ */iomem /' /proc/iomem
debug=/sys/kernel/debug/irq
{
    ls -ld pci/devices/* pci_express/devices/* auxiliary/devices/* cxl/devices/* \
        event_source/devices/* ./*/devices/*/driver 2>/dev/null
    grep -H . pci/devices/*/class pci/devices/*/irq pci/devices/*/msi_irqs/* \
        pci/devices/*/power/runtime_usage 2>/dev/null
    grep -HE 'domain:|hwirq:|parent:' $debug/irqs/*
    grep -HE 'size:|mapped:|Global|Total' $debug/domains/*
} | awk '
/^l/ {
    name = $(NF - 2); sub("^\./", "", name); target = $NF
    if (name ~ "/driver$") {
        sub("/driver$", "", name); sub(".*/", "", target); driver[name] = target
    } else {
        gsub("\\.\\./", "", target); path[name] = "/sys/" target; names[++count] = name
    }
    next
}
/\/irqs\// {
    at = index($0, ":"); file = substr($0, 1, at - 1); sub(".*/", "", file)
    if ($0 ~ "parent:") passed[file] = 1
    else if (!passed[file]) print "irq", file, trim(substr($0, at + 1))
    next
}
/\/domains\// {
    rest = substr($0, index($0, "/domains/") + 9)
    if (match(rest, ": *(size|mapped|Global available|Global reserved|Total allocated):")) {
        file = substr(rest, 1, RSTART - 1)
        what = trim(substr(rest, RSTART + 1, RLENGTH - 2))
        print "domain", file, what "=" trim(substr(rest, RSTART + RLENGTH))
    }
    next
}
/^pci/ {
    at = match($0, ":[^:]*$"); file = substr($0, 1, at - 1); value = substr($0, at + 1)
    n = split(file, part, "/")
    if (part[4] == "msi_irqs") print "msi", part[3], part[5], value
    else said[part[3], part[4]] = value
}
function trim(text) { gsub("^ *| *$", "", text); return text }
END {
    for (i = 1; i <= count; i++) {
        name = names[i]; split(name, part, "/"); mine = name in driver ? driver[name] : "-"
        if (part[1] == "pci") {
            print "usage", part[3], said[part[3], "power"]
            print "pci", part[3], path[name], said[part[3], "class"], mine, said[part[3], "irq"]
        } else
            print "device", part[1], part[3], path[name], mine
    }
}'
