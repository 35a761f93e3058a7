//! Whatever comes, the examination ends, within its bounds.

use proptest::prelude::*;

use crate::samples::sample;
use crate::{found, make};
use posthouse_attachment::DEFAULT_BLOCKED_TYPES;

/// Files of every kind that is opened.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = DEFAULT_BLOCKED_TYPES.iter().map(|name| sample(name)).collect();
    let inner = make::zip(&[("a.txt", b"hello"), ("b.bin", &[7; 300])]);
    seeds.push(make::tar(&[("a.zip", &inner), ("b", b"x")]));
    seeds.push(make::bzip2(&inner));
    seeds.push(make::zstd(&inner));
    seeds.push(make::rar("a.txt", b"hello"));
    seeds.push(make::cabinet("a.txt", b"hello"));
    seeds.push(make::vba(b"Attribute VB_Name"));
    seeds.push(
        b"%PDF-1.4\n1 0 obj<</Filter/FlateDecode/Type/ObjStm>>stream\nxx\nendstream".to_vec(),
    );
    seeds.push(br"{\rtf1{\object{\*\objdata 0105000002{\*\x}00000b}}\bin5 abcde}".to_vec());
    seeds.push(
        b"<script>atob('QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg==')"
            .to_vec(),
    );
    seeds
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_octets_are_examined_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = found("a.bin", &bytes);
    }

    #[test]
    fn any_damage_to_a_file_is_examined_without_panic(
        seed in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let seeds = seeds();
        let mut bytes = seeds[seed.index(seeds.len())].clone();
        for (at, octet) in changes {
            let at = at.index(bytes.len());
            bytes[at] = octet;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        let found = found("a.bin", &bytes);
        prop_assert!(found.items.len() <= 10_001);
        prop_assert!(found.findings.len() <= 200);
    }

    #[test]
    fn any_name_is_taken_apart_without_panic(name in "\\PC{0,40}", media_type in "[a-z]{1,9}/[a-z]{1,9}") {
        let _ = crate::of(&crate::typed(&name, &media_type, b"MZ"));
    }
}
