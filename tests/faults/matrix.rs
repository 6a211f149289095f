//! The matrix: each AWS call of a run × each fault × once, for five seconds, for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;

use crate::cell::{CALLS, Call, Cell, faults, spans};
use crate::cell_check::CellEnd;
use crate::exceptions::{EXCEPTIONS, exceptions};

type Cells = BTreeMap<(usize, usize, usize), Result<CellEnd, String>>;

/// Plays every cell, on all cores.
fn play_all() -> Cells {
    let work = (0..CALLS.len()).flat_map(|call| {
        (0..faults().len())
            .flat_map(move |fault| (0..spans().len()).map(move |span| (call, fault, span)))
    });
    let work = Mutex::new(work.enumerate());
    let cells: Mutex<Cells> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some((number, place)) = work.lock().unwrap().next() else {
                        return;
                    };
                    let played = Cell::of(&place).play(number as u64);
                    cells.lock().unwrap().insert(place, played.result);
                }
            });
        }
    });
    cells.into_inner().unwrap()
}

fn table(cells: &Cells) -> String {
    let mut table = format!("{:<52}", "once / 5 s / for ever");
    for (name, _) in faults() {
        write!(table, " {name:>13}").unwrap();
    }
    for (call, row) in CALLS.iter().enumerate() {
        write!(table, "\n{:<23}{:<29}", row.operation, row.course_name()).unwrap();
        for fault in 0..faults().len() {
            let held: String = (0..spans().len())
                .map(|span| match cells[&(call, fault, span)] {
                    Ok(CellEnd::Succeeded) => 'S',
                    Ok(CellEnd::Failed) => 'F',
                    Ok(CellEnd::DeadLettered) => 'd',
                    Err(_) => '-',
                })
                .collect();
            write!(table, " {held:>13}").unwrap();
        }
    }
    table
        + "\nS answered SUCCESS, F answered FAILED, d no answer possible and the event in the dead-letter queue, - broken"
}

#[test]
fn every_call_struck_by_every_fault_brings_one_answer_and_one_task() {
    let cells = play_all();
    let broken: Vec<String> = cells
        .iter()
        .filter_map(|(place, result)| {
            Some(format!(
                "{}: {}",
                Cell::of(place).name,
                result.as_ref().err()?
            ))
        })
        .collect();
    let operations: BTreeSet<_> = CALLS.iter().map(|call| call.operation).collect();
    let courses: BTreeSet<_> = CALLS.iter().map(Call::course_name).collect();
    let unanswered = cells
        .values()
        .filter(|result| **result == Ok(CellEnd::DeadLettered))
        .count();
    let figures = format!(
        "{} calls on {} courses, {} cells tried, {} held; in {unanswered} of them",
        operations.len(),
        courses.len(),
        cells.len(),
        cells.len() - broken.len()
    );
    println!("{}\n{figures} no answer could be given", table(&cells));
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(
        include_str!("../README.md").contains(&figures),
        "tests/README.md has other figures than: {figures}"
    );
}

#[test]
fn every_exception_is_one_of_some_cell_and_of_no_course_as_a_whole() {
    let cells = || {
        (0..CALLS.len()).flat_map(|call| {
            (0..8).flat_map(move |fault| (0..3).map(move |span| Cell::of(&(call, fault, span))))
        })
    };
    for exception in &EXCEPTIONS {
        assert!(
            cells().any(|cell| exceptions(&cell).any(|one| std::ptr::eq(one, exception))),
            "for no cell: {}",
            exception.why
        );
    }
    let without = cells()
        .filter(|cell| exceptions(cell).next().is_none())
        .count();
    assert!(
        without > cells().count() / 2,
        "{without} cells are no exceptions"
    );
}

#[test]
fn a_cell_repeats_with_its_seed() {
    let trace = || {
        let calls = Cell::of(&(8, 0, 2)).play(7).calls.all();
        calls
            .into_iter()
            .map(|call| format!("{:?} {}", call.at, call.operation))
            .collect::<Vec<_>>()
    };
    let first = trace();
    assert!(first.len() > 20, "{first:?}");
    assert_eq!(first, trace());
}
