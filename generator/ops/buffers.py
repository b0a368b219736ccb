# SPDX-License-Identifier: GPL-2.0-only
"""What drivers have for transfers and by the way: DMA memory and channels, PHYs, workqueues, nodes.

All buffers of a device count as one each time they are taken: what is taken twice is freed twice.
"""

from __future__ import annotations

from dataclasses import replace

from generator.facts import DMA_BUFFER, DMA_CHANNEL, OF_NODE, PHY_INITED, PHY_ON, WORKQUEUE
from generator.fingerprint import Fails, Fingerprint
from generator.operation import DEV, sets
from generator.ops.counted import gets, gives_back, less, more, released, takes

_DMA, _PHY = "kernel/dma/mapping.c", "drivers/phy/phy-core.c"

DMA_FREE_COHERENT = replace(
    gives_back("dma_free_coherent", less(DMA_BUFFER), source=f"{_DMA} dma_free_attrs()"),
    fingerprint=Fingerprint(("dma_free_coherent",), on=0), at=".dev", sleeps=False,
)
DMA_ALLOC_COHERENT = gets(
    "dma_alloc_coherent", more(DMA_BUFFER), undo=DMA_FREE_COHERENT, error="-ENOMEM",
    fails=Fails.NULL, source=f"{_DMA} dma_alloc_attrs()")
DMAM_ALLOC_COHERENT = gets(
    "dmam_alloc_coherent", more(DMA_BUFFER), managed=True, error="-ENOMEM", fails=Fails.NULL,
    undo=released("free DMA memory", less(DMA_BUFFER), source=f"{_DMA} dmam_release()"),
    source=f"{_DMA} dmam_alloc_attrs()")

DMA_RELEASE_CHANNEL = gives_back("dma_release_channel", less(DMA_CHANNEL),
                                 source="drivers/dma/dmaengine.c dma_release_channel()")
DMA_REQUEST_CHAN = gets("dma_request_chan", more(DMA_CHANNEL), undo=DMA_RELEASE_CHANNEL,
                        source="drivers/dma/dmaengine.c dma_request_chan()")

# drivers/phy/phy-core.c phy_power_on() asks for no phy_init(), and either is counted by the PHY.
PHY_EXIT = gives_back("phy_exit", less(PHY_INITED), fails=Fails.DONE,
                      source=f"{_PHY} phy_exit()")
PHY_INIT = takes("phy_init", more(PHY_INITED), undo=PHY_EXIT, error="-EIO",
                 source=f"{_PHY} phy_init()")
PHY_POWER_OFF = gives_back("phy_power_off", less(PHY_ON), fails=Fails.DONE,
                           source=f"{_PHY} phy_power_off()")
PHY_POWER_ON = takes("phy_power_on", more(PHY_ON), undo=PHY_POWER_OFF, error="-EIO",
                     source=f"{_PHY} phy_power_on()")

DESTROY_WORKQUEUE = gives_back(
    "destroy_workqueue", sets(WORKQUEUE(DEV), 0),
    source="kernel/workqueue.c destroy_workqueue(): it waits for what is queued there, which is "
    "not known here: write FLUSH_WORK() of each work before it")
ALLOC_WORKQUEUE = replace(
    takes("alloc_workqueue", sets(WORKQUEUE(DEV), 1), undo=DESTROY_WORKQUEUE, error="-ENOMEM",
          source="kernel/workqueue.c alloc_workqueue()"),
    fingerprint=Fingerprint(("alloc_workqueue",), fails=Fails.NULL))

OF_NODE_PUT = gives_back("of_node_put", less(OF_NODE), sleeps=False, takes_null=True,
                         source="drivers/of/dynamic.c of_node_put()")
OF_PARSE_PHANDLE = replace(
    takes("of_parse_phandle", more(OF_NODE), undo=OF_NODE_PUT, error="NULL",
          source="include/linux/of.h of_parse_phandle()"),
    fingerprint=Fingerprint(("of_parse_phandle",), fails=Fails.NULL))
OF_GET_CHILD_BY_NAME = replace(
    OF_PARSE_PHANDLE, name="of_get_child_by_name",
    source="drivers/of/base.c of_get_child_by_name()",
    fingerprint=Fingerprint(("of_get_child_by_name",), fails=Fails.NULL))
OF_NODE_GET = replace(
    OF_PARSE_PHANDLE, name="of_node_get", source="drivers/of/dynamic.c of_node_get()",
    fingerprint=Fingerprint(("of_node_get",), fails=Fails.NULL))
