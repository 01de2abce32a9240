//! Finds the figures of the page in its prose and makes them live. `attnscope-page` knows what each shows and does.

use crate::app::App;
use crate::listen::listen;
use crate::live::Live;
use crate::menu;
use attnscope_page::Event;
use leptos::prelude::*;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Element;

/// The figure that trains: it shows how the model learned that it trains again.
const TRAINING: &str = "training";

/// Makes every figure of the page live. A figure that the page names but nobody draws is left as it was drawn.
pub fn mount_all(app: App) -> Result<(), JsValue> {
    let document = web_sys::window().and_then(|window| window.document()).ok_or("a page")?;
    let places = document.query_selector_all("figure[data-figure]")?;
    let mut trains = false;
    for at in 0..places.length() {
        let Some(place) = places.get(at).and_then(|node| node.dyn_into::<Element>().ok()) else { continue };
        let name = place.get_attribute("data-figure").unwrap_or_default();
        if let Some(figure) = attnscope_page::figure(&name) {
            let set = app.settings.with_untracked(|settings| settings.of(&name).to_vec());
            if let Some(live) = Live::new(app, at as usize, name, figure, place, set)? {
                let live = Rc::new(live);
                mount(&live, app)?;
                trains |= live.name() == TRAINING;
            }
        }
    }
    if !trains {
        Effect::new(move || app.train_again(|trained| app.work_alone(trained.request())));
    }
    Ok(())
}

fn mount(live: &Rc<Live>, app: App) -> Result<(), JsValue> {
    app.add_figure(live.index(), live.changed);
    listen(live)?;
    menu::mount(live);
    let follows = live.clone();
    Effect::new(move || follows.follow());
    if live.name() == TRAINING {
        let trains = live.clone();
        Effect::new(move || {
            // Not before it has its settings from the address.
            if trains.drawn.get() > 0 {
                app.train_again(|_| trains.hear(Event::Restore));
            }
        });
    }
    Ok(())
}
