from libs.catalogue.phil_files import definitions, named_files


def test_scopes_dotted_names_quotes_and_comments() -> None:
    phil = """
    spotfinder { # the finder
      filter.min_spot_size = 2
      lookup { mask = "/data/my mask.pickle" }
    }
    a { b=1 2 3; c=2 }
    """
    assert list(definitions(phil)) == [
        ("spotfinder.filter.min_spot_size", "2"),
        ("spotfinder.lookup.mask", "/data/my mask.pickle"),
        ("a.b", "1 2 3"),
        ("a.c", "2"),
    ]


def test_files_are_found_unless_disabled_or_none() -> None:
    phil = """
    input.reference_geometry = /g.expt
    !input { reference_geometry = None }
    !spotfinder.lookup.mask = /disabled
    integration.lookup.mask = None
    integration.lookup.mask=Auto
    """
    assert named_files(phil) == [("input.reference_geometry", "/g.expt")]


def test_text_that_names_no_file() -> None:
    assert named_files("indexing.known_symmetry { space_group = P6122 }") == []
