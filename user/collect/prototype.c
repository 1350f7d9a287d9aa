// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "collect/prototype.h"

/* Without const, volatile and the like. */
static const struct btf_type *plain(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (type && btf_is_mod(type))
		type = btf__type_by_id(btf, type->type);
	return type;
}

/* The same, and without typedefs. */
static const struct btf_type *resolved(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = plain(btf, id);

	while (type && (btf_is_typedef(type) || btf_is_mod(type)))
		type = btf__type_by_id(btf, type->type);
	return type;
}

/* Does @type have the name, by itself or as one of its typedefs? */
static bool is_called(const struct btf *btf, __u32 id, const char *name, size_t length)
{
	const struct btf_type *type = plain(btf, id);

	while (type) {
		const char *own = btf__name_by_offset(btf, type->name_off);

		if (own && strlen(own) == length && !strncmp(own, name, length))
			return true;
		if (!btf_is_typedef(type))
			return false;
		type = plain(btf, type->type);
	}
	return false;
}

/* @wanted: one RESULT or ARGUMENT of @length bytes. */
static bool type_fits(const struct btf *btf, __u32 id, const char *wanted, size_t length)
{
	const struct btf_type *type = resolved(btf, id);

	if (wanted[length - 1] != '*') {
		__u64 bytes = strtoul(wanted, NULL, 10);

		return type &&
		       (btf_is_int(type) || btf_is_any_enum(type) || btf_is_composite(type)) &&
		       type->size == bytes;
	}
	if (!type || !btf_is_ptr(type))
		return false;
	while (length && (wanted[length - 1] == '*' || wanted[length - 1] == ' '))
		length--;
	return !length || is_called(btf, type->type, wanted, length);
}

/* The parameters of a routine, or of a tracepoint behind the typedef; NULL if it is neither. */
static const struct btf_type *prototype_of(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	if (type && btf_is_typedef(type)) {
		type = resolved(btf, type->type);
		if (!type || !btf_is_ptr(type))
			return NULL;
	}
	type = type ? resolved(btf, type->type) : NULL;
	return type && btf_is_func_proto(type) ? type : NULL;
}

bool prototype_fits(const struct btf *btf, __u32 id, const char *wanted)
{
	const struct btf_type *prototype = prototype_of(btf, id);
	bool tracepoint = btf_is_typedef(btf__type_by_id(btf, id));
	const char *at = strchr(wanted, '(') + 1;
	const struct btf_param *parameter;
	__u32 i = tracepoint, nr;

	if (!prototype)
		return false;
	if (*wanted != '(' && !type_fits(btf, prototype->type, wanted, strcspn(wanted, " (")))
		return false;
	parameter = btf_params(prototype);
	nr = btf_vlen(prototype);
	while (*at != ')') {
		size_t length = strcspn(at, ",)");

		if (!strncmp(at, "...", 3))
			return true;
		if (i >= nr || !type_fits(btf, parameter[i].type, at, length))
			return false;
		i++;
		at += length;
		at += strspn(at, ", ");
	}
	return i == nr;
}
