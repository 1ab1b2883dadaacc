"""Checks objects against a CustomResourceDefinition; fields that it does not know are errors.

    validate_crd.py CRD.yaml OBJECTS.yaml...

Only objects of the definition's kind are looked at. Fails when there is none: a check of nothing holds nothing.
"""

import sys

import jsonschema
import yaml


def strict(schema):
    """As an API server takes it: integers or strings where it says so, and no field that is not told of."""
    if isinstance(schema, list):
        for inner in schema:
            strict(inner)
    if not isinstance(schema, dict):
        return
    if schema.get("x-kubernetes-int-or-string"):
        schema.pop("type", None)
        schema["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if schema.get("type") == "object" and "properties" in schema and not open_ended:
        schema["additionalProperties"] = False
    for key, inner in list(schema.items()):
        # below `properties` the keys are names of fields, not words of the schema language
        for each in inner.values() if key == "properties" else [inner]:
            strict(each)


def main(definition_path, *object_paths):
    with open(definition_path, encoding="utf-8") as file:
        definition = yaml.safe_load(file)
    kind = definition["spec"]["names"]["kind"]
    version = next(version for version in definition["spec"]["versions"] if version["served"])
    schema = version["schema"]["openAPIV3Schema"]
    strict(schema)
    schema["properties"]["metadata"] = {"type": "object"}  # the API server's own
    validator = jsonschema.Draft7Validator(schema)
    seen = wrong = 0
    for path in object_paths:
        with open(path, encoding="utf-8") as file:
            for document in yaml.safe_load_all(file):
                if not document or document.get("kind") != kind:
                    continue
                seen += 1
                for error in validator.iter_errors(document):
                    wrong += 1
                    print(f"{path}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    print(f"{kind}: {seen} objects, {wrong} errors")
    return 0 if seen and not wrong else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
