// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two devices' MSI descriptors, locked one inside the other: in a kernel that
 * has two functions for it
 */

#include <linux/device.h>
#include <linux/msi.h>

#include "forbidden.h"

void forbidden_lock_both(struct device *outer, struct device *inner)
{
	msi_lock_descs(outer);
	msi_lock_descs(inner);
	msi_unlock_descs(inner);
	msi_unlock_descs(outer);
}
