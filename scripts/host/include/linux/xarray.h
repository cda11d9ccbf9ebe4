/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_XARRAY_H
#define HOST_XARRAY_H

struct xarray {
	void *head;
};

#endif /* HOST_XARRAY_H */
