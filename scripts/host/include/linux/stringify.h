/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_STRINGIFY_H
#define HOST_STRINGIFY_H

#define host_stringify(...)	#__VA_ARGS__
#define __stringify(...)	host_stringify(__VA_ARGS__)

#endif /* HOST_STRINGIFY_H */
