# SPDX-License-Identifier: MIT
#
# As much of JSON Schema as docs/report.schema.json uses; a keyword that is not
# known here is an error, so that no promise goes unchecked.
package Schema;

use strict;
use warnings;

use B;
use Exporter qw(import);
use Cpanel::JSON::XS;

our @EXPORT = qw(schema_complaints);

my %silent = map { ($_ => 1) } qw($schema $defs title description then);

sub is_number
{
	my ($value) = @_;

	return 0 if ref $value && !eval { $value->isa('Math::BigInt') };
	return 1 if ref $value;
	return defined $value && B::svref_2object(\$value)->FLAGS & (B::SVf_IOK | B::SVf_NOK) &&
		!(B::svref_2object(\$value)->FLAGS & B::SVf_POK);
}

sub type_of
{
	my ($value) = @_;

	return 'null' unless defined $value;
	return 'boolean' if Cpanel::JSON::XS::is_bool($value);
	return 'object' if ref $value eq 'HASH';
	return 'array' if ref $value eq 'ARRAY';
	return 'string' unless is_number($value);
	return $value == int $value ? 'integer' : 'number';
}

sub fits
{
	my ($value, $type) = @_;
	my $is = type_of($value);

	return $is eq $type || ($type eq 'number' && $is eq 'integer');
}

my $canonical = Cpanel::JSON::XS->new->canonical->allow_nonref;

sub equal { return $canonical->encode($_[0]) eq $canonical->encode($_[1]) }

my %keywords = (
	'$ref' => sub {
		my ($value, $ref, $root, $where) = @_;
		my ($name) = $ref =~ m{^#/\$defs/(\w+)$} or return "$where: no such \$ref $ref";

		return check($value, $root->{'$defs'}{$name}, $root, $where);
	},
	type => sub {
		my ($value, $types, $root, $where) = @_;

		return if grep { fits($value, $_) } ref $types ? @$types : $types;
		return "$where: is of type " . type_of($value);
	},
	const => sub { equal($_[0], $_[1]) ? () : "$_[3]: is not as it must be" },
	enum => sub {
		my ($value, $values, $root, $where) = @_;

		return (grep { equal($value, $_) } @$values) ? () : "$where: is not one of the enum";
	},
	required => sub {
		my ($value, $names, $root, $where) = @_;

		return unless ref $value eq 'HASH';
		return map { exists $value->{$_} ? () : "$where: lacks $_" } @$names;
	},
	items => sub {
		my ($value, $schema, $root, $where) = @_;

		return unless ref $value eq 'ARRAY';
		return map { check($value->[$_], $schema, $root, "$where\[$_]") } 0 .. $#$value;
	},
	properties => sub {
		my ($value, $schemas, $root, $where) = @_;

		return unless ref $value eq 'HASH';
		return map {
			exists $value->{$_} ? check($value->{$_}, $schemas->{$_}, $root, "$where.$_") : ()
		} sort keys %$schemas;
	},
	additionalProperties => sub {
		my ($value, $schema, $root, $where, $whole) = @_;

		return map {
			$whole->{properties}{$_} ? () : check($value->{$_}, $schema, $root, "$where.$_")
		} sort keys %$value;
	},
	pattern => sub { !defined $_[0] || $_[0] =~ /$_[1]/ ? () : "$_[3]: does not match $_[1]" },
	minLength => sub { length($_[0]) >= $_[1] ? () : "$_[3]: is too short" },
	minimum => sub { !defined $_[0] || $_[0] >= $_[1] ? () : "$_[3]: is too small" },
	maximum => sub { !defined $_[0] || $_[0] <= $_[1] ? () : "$_[3]: is too large" },
	allOf => sub {
		my ($value, $schemas, $root, $where) = @_;

		return map { check($value, $_, $root, $where) } @$schemas;
	},
	anyOf => sub {
		my ($value, $schemas, $root, $where) = @_;
		my @fitting = grep { !check($value, $_, $root, $where) } @$schemas;

		return @fitting ? () : "$where: is none of anyOf";
	},
	if => sub {
		my ($value, $condition, $root, $where, $whole) = @_;

		return if check($value, $condition, $root, $where);
		return check($value, $whole->{then}, $root, $where);
	},
);

sub check
{
	my ($value, $schema, $root, $where) = @_;
	my @complaints;

	for my $key (sort keys %$schema) {
		next if $silent{$key};
		push @complaints, $keywords{$key} ?
			$keywords{$key}->($value, $schema->{$key}, $root, $where, $schema) :
			"the schema has a keyword $key";
	}
	return @complaints;
}

# What is wrong with the value, a line each.
sub schema_complaints
{
	my ($value, $schema) = @_;

	return check($value, $schema, $schema, 'report');
}

1;
