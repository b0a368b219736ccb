/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What drivers must not do, for tests in a virtual machine: what the
 * sequences of forbidden_own.c, forbidden_life.c and forbidden_sub.c share
 */

#ifndef FORBIDDEN_H
#define FORBIDDEN_H

#include <linux/completion.h>
#include <linux/device.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/* QEMU's edu: one MSI message that cannot be masked, or its line */
#define EDU_VENDOR		0x1234
#define EDU_DEVICE		0x11e8
#define EDU_STATUS		0x24
#define EDU_RAISE		0x60
#define EDU_ACK			0x64

/* QEMU's e1000e: five MSI-X vectors, raised by the driver as well */
#define NIC_STATUS		0x08
#define NIC_ICR			0xc0
#define NIC_ICS			0xc8
#define NIC_IMS			0xd0
#define NIC_IMC			0xd8
#define NIC_IVAR		0xe4
#define NIC_CAUSE(vector)	BIT(20 + (vector))
#define NIC_VECTORS		0x98	/* Cause 0 by vector 0, 1 by vector 1 */
#define NIC_FLASH		1	/* A BAR that nothing here needs */

struct forbidden_sub;

struct forbidden {
	struct pci_dev *dev;
	void __iomem *regs;
	int irq;
	struct forbidden_sub *sub;
	struct completion inside;
	struct completion outside;
	struct delayed_work work;
};

bool forbidden_is(const char *key);
irqreturn_t forbidden_handler(int irq, void *data);
int forbidden_msix(struct forbidden *on, int nr);
int forbidden_request(struct forbidden *on, int nr);
void forbidden_lock_both(struct device *outer, struct device *inner);
void forbidden_ring(struct forbidden *on, int vector);
void forbidden_say(struct forbidden *on, const char *what, int ret);
void forbidden_say_count(struct forbidden *on, const char *whose, int irq);

int forbidden_r02b(struct forbidden *on);
int forbidden_r04(struct forbidden *on);
int forbidden_r04b(struct forbidden *on);
int forbidden_r06(struct forbidden *on);
int forbidden_r08(struct forbidden *on);
int forbidden_r10(struct forbidden *on);
int forbidden_r11(struct forbidden *on);
int forbidden_r12(struct forbidden *on);
int forbidden_r26(struct forbidden *on);
int forbidden_r34(struct forbidden *on);
int forbidden_n4(struct forbidden *on);
int forbidden_n4b(struct forbidden *on);
int forbidden_n5(struct forbidden *on);
int forbidden_n6(struct forbidden *on);
int forbidden_n7b(struct forbidden *on);
int forbidden_share(struct forbidden *on);

int forbidden_n17(struct forbidden *on);
int forbidden_n18(struct forbidden *on);
int forbidden_n20(struct forbidden *on);
int forbidden_n21(struct forbidden *on);
int forbidden_n23(struct forbidden *on);
int forbidden_n41(struct forbidden *on);
int forbidden_n42(struct forbidden *on);
int forbidden_n44(struct forbidden *on);
int forbidden_n45(struct forbidden *on);

int forbidden_r14(struct forbidden *on);
int forbidden_r14b(struct forbidden *on);
int forbidden_r27(struct forbidden *on);
int forbidden_r28(struct forbidden *on);
int forbidden_r30b(struct forbidden *on);
int forbidden_r32(struct forbidden *on);
int forbidden_right(struct forbidden *on);

#endif
