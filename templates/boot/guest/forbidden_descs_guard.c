// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two devices' MSI descriptors, locked one inside the other: in a kernel that
 * has a guard for it
 */

#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/msi.h>

#include "forbidden.h"

void forbidden_lock_both(struct device *outer, struct device *inner)
{
	guard(msi_descs_lock)(outer);
	guard(msi_descs_lock)(inner);
}
